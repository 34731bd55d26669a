"""What a recipe answers to examples that it was not fitted to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import FieldKind
from labelloop.learners.logistic import Head, Matrix, Truth, several
from labelloop.learners.smoothing import Smoothed

FOLDS = 5
ENOUGH = 30
NEVER = -50.0
"""The logit of a label that a fold's training part lacks."""


Expert = Head | Smoothed
Recipe = Callable[[FieldKind, Matrix, Truth], tuple[Expert, ...]]
"""Fit some experts to vectors, shape (n, d), and what is true of them, (n, k)."""


@dataclass(frozen=True, slots=True, eq=False)
class Unseen:
    """Each expert's logits, of shape (n, k), on n examples it had not seen, and what is true of them, (n, k)."""

    logits: tuple[Matrix, ...]
    truth: Truth


def out_of_fold(kind: FieldKind, recipe: Recipe, vectors: Matrix, truth: Truth, seed: int) -> Unseen | None:
    """Return the experts' answers in five folds; None where too little is known.

    Too little: fewer than 30 examples, or a fold whose training part holds one label only. An example whose label its
    fold's training part lacks tells nothing and is left out.
    """
    if len(truth) < ENOUGH:
        return None
    folds = dealt(truth, np.random.default_rng(seed))
    parts: list[tuple[Matrix, ...]] = []
    order: list[NDArray[np.int64]] = []
    for fold in range(FOLDS):
        held = folds == fold
        known = np.flatnonzero(_known(kind, truth[~held]))
        if not several(kind) and len(known) < 2:
            return None
        experts = recipe(kind, vectors[~held], truth[~held][:, known])
        parts.append(tuple(_wide(e.logits(vectors[held]), known, truth.shape[1]) for e in experts))
        order.append(np.flatnonzero(held))
    rows = np.concatenate(order)
    logits = [np.vstack(answers) for answers in zip(*parts, strict=True)]
    there = np.ones(len(rows), np.bool_) if several(kind) else logits[0][truth[rows]] > NEVER
    if there.sum() < ENOUGH:
        return None
    return Unseen(tuple(answers[there] for answers in logits), truth[rows][there])


def _known(kind: FieldKind, truth: Truth) -> Truth:
    one_sided = several(kind) or kind is FieldKind.PAIRWISE
    return np.logical_or(truth.any(axis=0), one_sided)


def _wide(logits: Matrix, known: NDArray[np.int64], labels: int) -> Matrix:
    wide = np.full((len(logits), labels), NEVER)
    wide[:, known] = np.maximum(logits, NEVER + 1)
    return wide


def dealt(truth: Truth, rng: np.random.Generator) -> NDArray[np.int64]:
    """Deal the examples into folds like cards, those of like labels one after another."""
    shuffled = rng.permutation(len(truth))
    _, alike = np.unique(truth[shuffled], axis=0, return_inverse=True)
    folds = np.empty(len(truth), np.int64)
    folds[shuffled[np.argsort(alike.ravel(), kind="stable")]] = np.arange(len(truth)) % FOLDS
    return folds
