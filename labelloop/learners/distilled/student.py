"""A linear head that learns from people and, as far as that helps with people's labels, from an LLM."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import FieldKind
from labelloop.learners.calibration.temperature import Unseen, fit_inverse_temperatures, pooled
from labelloop.learners.folds import FOLDS, stratified_folds
from labelloop.learners.linear.graph_smoothing import Smoothed
from labelloop.learners.linear.out_of_fold import ENOUGH, NEVER, Expert, known_labels
from labelloop.learners.logistic_head import Head, Matrix, Truth, fit_head, probabilities, several

BELIEFS = (1.0, 0.3, 0.1)
"""By which factors the LLM's weights are tried."""
_TINY = 1e-12

Memory = NDArray[np.float16] | None


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Vectors, shape (n, d), what is true of them, (n, k), and how much each counts, (n,)."""

    vectors: Matrix
    truth: Truth
    weights: Matrix

    def rows(self, chosen: NDArray[np.bool_]) -> "Labelled":
        """Return some of them; `chosen` has shape (n,)."""
        return Labelled(self.vectors[chosen], self.truth[chosen], self.weights[chosen])

    def beside(self, other: "Labelled", belief: float) -> "Labelled":
        """Return these and the others, which count `belief` times what they did."""
        return Labelled(
            np.vstack([self.vectors, other.vectors]),
            np.vstack([self.truth, other.truth]),
            np.concatenate([self.weights, belief * other.weights]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Student:
    """The experts, how loudly each speaks, their logits for people's labels out of fold, and the LLM's factor."""

    experts: tuple[Expert, ...]
    inverse_temperatures: tuple[float, ...]
    unseen: Unseen | None
    belief: float


def taught(kind: FieldKind, people: Labelled, llm: Labelled, memory: Memory, seed: int) -> Student:
    """Fit a head to both, and one smoothed over the `memory` of unlabelled texts beside it.

    How much the LLM is believed, and how loudly the experts speak, is what has the least loss on people's labels out of
    fold; with fewer than 30 of those the weights count as they are.
    """
    tried = []
    for belief in BELIEFS:
        unseen = _unseen(kind, people, llm, memory, belief, seed)
        experts = 1 if memory is None else 2
        inverse_temperatures = fit_inverse_temperatures(unseen, experts, several=several(kind))
        tried.append((_loss(kind, unseen, inverse_temperatures), belief, unseen, inverse_temperatures))
        if unseen is None:
            break
    _, belief, unseen, inverse_temperatures = min(tried, key=lambda one: one[0])
    return Student(_experts(kind, people.beside(llm, belief), memory), inverse_temperatures, unseen, belief)


def _unseen(
    kind: FieldKind, people: Labelled, llm: Labelled, memory: Memory, belief: float, seed: int
) -> Unseen | None:
    if len(people.truth) < ENOUGH:
        return None
    folds = stratified_folds(people.truth, FOLDS, np.random.default_rng(seed))
    parts: list[tuple[Matrix, ...]] = []
    order: list[NDArray[np.int64]] = []
    for fold in range(FOLDS):
        held = folds == fold
        known = people.rows(~held).beside(llm, belief)
        # A label that the fold's training part lacks tells nothing of how good the rest is.
        asked = held & (people.truth & known_labels(kind, known.truth)).any(axis=1) if not several(kind) else held
        experts = _experts(kind, known, memory)
        parts.append(tuple(expert.logits(people.vectors[asked]) for expert in experts))
        order.append(np.flatnonzero(asked))
    rows = np.concatenate(order)
    if len(rows) < ENOUGH:
        return None
    return Unseen(tuple(np.vstack(logits) for logits in zip(*parts, strict=True)), people.truth[rows])


def _experts(kind: FieldKind, known: Labelled, memory: Memory) -> tuple[Expert, ...]:
    head = _head(kind, known)
    return (head,) if memory is None else (head, Smoothed(kind, head, memory))


def _head(kind: FieldKind, labelled: Labelled) -> Head:
    """Return a head that knows every column, also those that nobody gave: it never says those."""
    known = known_labels(kind, labelled.truth)
    if known.all():
        return fit_head(kind, labelled.vectors, labelled.truth, labelled.weights)
    wide = Head(np.zeros((len(known), labelled.vectors.shape[1])), np.where(known, 0.0, NEVER))
    if known.sum() > 1:
        narrow = fit_head(kind, labelled.vectors, labelled.truth[:, known], labelled.weights)
        wide.weights[known], wide.bias[known] = narrow.weights, narrow.bias
    return wide


def _loss(kind: FieldKind, unseen: Unseen | None, inverse_temperatures: tuple[float, ...]) -> float:
    if unseen is None:
        return 0.0
    known = probabilities(kind, pooled(unseen.logits, inverse_temperatures))
    right = np.where(unseen.truth, known, 1.0 - known if several(kind) else 1.0)
    return float(-np.log(right + _TINY).sum(axis=1).mean())
