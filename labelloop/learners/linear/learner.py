"""Linear heads on the vectors of a frozen sentence encoder: seconds on a CPU."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from labelloop.domain.schema import Field
from labelloop.domain.values import LABEL_KINDS, OF_THE_TASK, QUANTITIES, FieldKind, labels_of
from labelloop.learners.base import Example, FitContext, ModelContext
from labelloop.learners.calibration.temperature import Unseen, fit_inverse_temperatures, pooled
from labelloop.learners.calibration.thresholds import Thresholds, fit_thresholds
from labelloop.learners.linear.graph_smoothing import Smoothed
from labelloop.learners.linear.memory import unit
from labelloop.learners.linear.model import LinearModel, load_linear_model
from labelloop.learners.linear.options import FILE as OPTIONS
from labelloop.learners.linear.options import OptionsModel, fit_options, load_options
from labelloop.learners.linear.out_of_fold import Expert, FitExperts, out_of_fold
from labelloop.learners.linear.regression import FILE as REGRESSION
from labelloop.learners.linear.regression import RegressionModel, fit_regression, load_regression
from labelloop.learners.linear.self_training import self_train
from labelloop.learners.linear.text_features import Features, Shape
from labelloop.learners.logistic_head import Head, Matrix, Truth, fit_head, probabilities, several
from labelloop.learners.pool_sample import sampled
from labelloop.learners.usable import usable_examples

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
    uses_pool = False

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> LinearModel:
        """Fit a model to the examples; raises NothingToLearn if none has a value that the field allows."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        usable = usable_examples(field, examples)
        features = Features(Shape.of(field), context.encode)
        truth = np.array([[label in labels_of(e.value) for label in field.labels] for e in usable])
        seen = _tellable(field.kind, truth)
        if seen is None:
            head = _constant(field.kind, truth, features([]).shape[1])
            unsure = fit_thresholds(None, truth) if several(field.kind) else None
            return LinearModel(field.labels, field.labels, field.kind, (head,), (1.0,), unsure, features)
        others = set(context.pool) - {e.text for e in usable}
        with threadpool_limits(1):  # the order in which several threads add up their parts is not the same twice
            fit_experts = _smoothed(features, others, context.seed) if self.uses_pool else _plain
            names = tuple(label for label, there in zip(field.labels, seen, strict=True) if there)
            return _fitted(field, names, features, fit_experts, [e.text for e in usable], truth[:, seen], context.seed)

    def load(self, directory: Path, context: ModelContext) -> LinearModel:
        """Read a saved model; raises BrokenPromise if it was fitted with another encoder or cannot be read."""
        return load_linear_model(directory, context.encode)


class LinearLabelLearner(LogisticLearner):
    """Implements Learner: logistic regression, and beside it one that has also learned from unlabelled texts.

    The second is self-trained where a task has one label, then smoothed over its neighbours among at most 2,000 random
    texts of the pool; what both say is added up, weighted by what they are worth out of fold. Without a pool, or with
    two inputs whose order matters, it is `logistic`.
    """

    name = "linear"
    uses_pool = True


class LinearLearner:
    """Implements Learner: what a linear head can say of every kind of whole-text answer.

    Labels are learned by `LinearLabelLearner`, numbers and dates by ridge regression, items that come with the task by
    heads on item and text together.
    """

    name = "linear"
    kinds = LABEL_KINDS | QUANTITIES | OF_THE_TASK
    background = False

    def fit(
        self, field: Field, examples: Sequence[Example], context: FitContext
    ) -> LinearModel | RegressionModel | OptionsModel:
        """Fit a model to the examples; raises NothingToLearn if none has a value that the field allows."""
        if field.kind in QUANTITIES:
            return fit_regression(field, examples, context.encode, context.seed)
        if field.kind in OF_THE_TASK:
            return fit_options(field, examples, context.encode, context.seed)
        return LinearLabelLearner().fit(field, examples, context)

    def load(self, directory: Path, context: ModelContext) -> LinearModel | RegressionModel | OptionsModel:
        """Read a saved model; raises BrokenPromise if it was fitted with another encoder or cannot be read."""
        if (directory / REGRESSION).exists():
            return load_regression(directory, context.encode)
        if (directory / OPTIONS).exists():
            return load_options(directory, context.encode)
        return load_linear_model(directory, context.encode)


def _smoothed(features: Features, pool: Collection[str], seed: int) -> FitExperts:
    """Return how the experts are fitted; `pool` holds distinct unlabelled texts."""
    if features.shape is Shape.PAIR or len(pool) < _SMALLEST_POOL:
        return _plain
    vectors = features(sampled(pool, POOL, seed))
    remembered = unit(vectors).astype(np.float16)

    def both(kind: FieldKind, known: Matrix, truth: Truth) -> tuple[Expert, ...]:
        head = plain = fit_head(kind, known, truth)
        if not several(kind) and len(truth) <= _GUESSING_HELPS_UP_TO:
            head = self_train(kind, known, truth, vectors)
        return plain, Smoothed(kind, head, remembered)

    return both


def _plain(kind: FieldKind, vectors: Matrix, truth: Truth) -> tuple[Expert, ...]:
    return (fit_head(kind, vectors, truth),)


def _fitted(
    field: Field,
    seen: tuple[str, ...],
    features: Features,
    fit_experts: FitExperts,
    texts: list[str],
    truth: Truth,
    seed: int,
) -> LinearModel:
    kind, vectors = field.kind, features(texts)
    experts = fit_experts(kind, vectors, truth)
    unseen = out_of_fold(kind, fit_experts, vectors, truth, seed)
    inverse_temperatures = fit_inverse_temperatures(unseen, len(experts), several=several(kind))
    thresholds = thresholds_of(kind, unseen, inverse_temperatures, truth)
    labels = field.labels if kind is FieldKind.RATING else seen
    return LinearModel(labels, seen, kind, experts, inverse_temperatures, thresholds, features)


def thresholds_of(
    kind: FieldKind, unseen: Unseen | None, inverse_temperatures: tuple[float, ...], truth: Truth
) -> Thresholds | None:
    """Return the thresholds by answers out of fold, as `fit_thresholds` does; None where a task has one label."""
    if not several(kind):
        return None
    known = None if unseen is None else probabilities(kind, pooled(unseen.logits, inverse_temperatures))
    return fit_thresholds(known, truth if unseen is None else unseen.truth)


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
