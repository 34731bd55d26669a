"""Linear heads on the vectors of a frozen sentence encoder: seconds on a CPU."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from labelloop.domain.schema import Field
from labelloop.domain.values import LABEL_KINDS, FieldKind, labels_of
from labelloop.encoders.base import Encode
from labelloop.errors import NothingToLearn
from labelloop.learners.base import Example, Scratch
from labelloop.learners.features import Features, Shape
from labelloop.learners.linear_model import LinearModel, load_linear_model
from labelloop.learners.logistic import Head, Matrix, Truth, fit_head, probabilities, several
from labelloop.learners.out_of_fold import Expert, Recipe, out_of_fold
from labelloop.learners.self_training import self_train
from labelloop.learners.smoothing import Smoothed, unit
from labelloop.learners.temperature import fit_powers, pooled
from labelloop.learners.thresholds import fit_thresholds

POOL = 2_000
"""Unlabelled texts that are learned from and remembered; 5,000 gained nothing over 1,500 on four data sets."""
_SMALLEST_POOL = 50
_GUESSING_HELPS_UP_TO = 1_000
"""Labels from which on guesses add nothing but time."""


class LogisticLearner:
    """Implements Learner: logistic regression, multinomial for one label of all, one-vs-rest for several; C = 10.

    The model knows the labels seen in training, in the field's order; to others it gives probability 0. Where every
    example says the same there is nothing to tell apart: the answer is then the same for every text, by Laplace's rule
    of succession over all the field's labels. How sure it is, and where tasks have several labels their thresholds, are
    fitted to answers out of fold.
    """

    name = "logistic"
    kinds = LABEL_KINDS
    background = False

    def fit(
        self,
        field: Field,
        examples: Sequence[Example],
        *,
        pool: Sequence[str] = (),
        encode: Encode,
        seed: int,
        scratch: Scratch | None = None,  # noqa: ARG002
    ) -> LinearModel:
        """Fit a model to the examples; raises NothingToLearn if none has a value that the field allows."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        usable = sorted((e for e in examples if field.allows(e.value)), key=lambda e: (e.task_id, e.text, str(e.value)))
        if not usable:
            raise NothingToLearn(f"No label of {field.name} has settled yet that it still allows: label some tasks.")
        features = Features(Shape.of(field), encode)
        truth = np.array([[label in labels_of(e.value) for label in field.labels] for e in usable])
        seen = _tellable(field.kind, truth)
        if seen is None:
            head = _constant(field.kind, truth, features([]).shape[1])
            unsure = fit_thresholds(None, truth) if several(field.kind) else None
            return LinearModel(field.labels, field.labels, field.kind, (head,), (1.0,), unsure, features)
        others = sorted(set(pool) - {e.text for e in usable})
        with threadpool_limits(1):  # the order in which several threads add up their parts is not the same twice
            recipe = self.recipe(features, others, np.random.default_rng(seed))
            names = tuple(label for label, there in zip(field.labels, seen, strict=True) if there)
            return _fitted(field, names, features, recipe, [e.text for e in usable], truth[:, seen], seed)

    def recipe(self, features: Features, pool: Sequence[str], rng: np.random.Generator) -> Recipe:  # noqa: ARG002
        """Return how the experts are fitted; `pool` holds distinct unlabelled texts."""
        return _plain

    def load(self, directory: Path, *, encode: Encode) -> LinearModel:
        """Read a saved model; raises BrokenPromise if it was fitted with another encoder or cannot be read."""
        return load_linear_model(directory, encode)


class LinearLearner(LogisticLearner):
    """Implements Learner: logistic regression, and beside it one that has also learned from unlabelled texts.

    The second is self-trained where a task has one label, then smoothed over its neighbours among at most 2,000 random
    texts of the pool; what both say is added up, weighted by what they are worth out of fold. Without a pool, or with
    two inputs whose order matters, it is `logistic`.
    """

    name = "linear"

    def recipe(self, features: Features, pool: Sequence[str], rng: np.random.Generator) -> Recipe:
        """Return how the experts are fitted; `pool` holds distinct unlabelled texts."""
        if features.shape is Shape.PAIR or len(pool) < _SMALLEST_POOL:
            return _plain
        rows = np.sort(rng.choice(len(pool), min(POOL, len(pool)), replace=False))
        vectors = features([pool[row] for row in rows])
        memory = unit(vectors).astype(np.float16)

        def both(kind: FieldKind, known: Matrix, truth: Truth) -> tuple[Expert, ...]:
            head = plain = fit_head(kind, known, truth)
            if not several(kind) and len(truth) <= _GUESSING_HELPS_UP_TO:
                head = self_train(kind, known, truth, vectors)
            return plain, Smoothed(kind, head, memory)

        return both


def _plain(kind: FieldKind, vectors: Matrix, truth: Truth) -> tuple[Expert, ...]:
    return (fit_head(kind, vectors, truth),)


def _fitted(
    field: Field, seen: tuple[str, ...], features: Features, recipe: Recipe, texts: list[str], truth: Truth, seed: int
) -> LinearModel:
    kind, vectors = field.kind, features(texts)
    experts = recipe(kind, vectors, truth)
    unseen = out_of_fold(kind, recipe, vectors, truth, seed)
    powers = fit_powers(kind, unseen, len(experts))
    thresholds = None
    if several(kind):
        judged = None if unseen is None else probabilities(kind, pooled(unseen.logits, powers))
        thresholds = fit_thresholds(judged, truth if unseen is None else unseen.truth)
    labels = field.labels if kind is FieldKind.RATING else seen
    return LinearModel(labels, seen, kind, experts, powers, thresholds, features)


def _tellable(kind: FieldKind, truth: Truth) -> Truth | None:
    """Return which columns the head learns, shape (k,), or None where there is nothing to tell apart."""
    if kind is FieldKind.PAIRWISE:  # a pair told from the other side has the other label
        return np.ones(truth.shape[1], np.bool_)
    seen = np.logical_or.reduce(truth, axis=0)
    return seen if seen.sum() >= (1 if several(kind) else 2) else None


def _constant(kind: FieldKind, truth: Truth, dimensions: int) -> Head:
    counts = truth.sum(axis=0)
    no = len(truth) - counts + 1 if several(kind) else 1
    return Head(np.zeros((len(counts), dimensions)), np.log(counts + 1) - np.log(no))
