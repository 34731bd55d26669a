"""Which labels a task has, where it may have several: each label has its own threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labelloop.domain.predictions import Prediction
from labelloop.domain.values import Choices
from labelloop.learners.calibration.platt import PlattScaling, fit_platt
from labelloop.learners.logistic_head import Matrix, Truth

_PULL = 20.0
"""How many examples of a label its own threshold needs before it counts as much as the common one."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A label is given from its threshold on; the curve makes of a set's probability an honest confidence.

    The probabilities stay what they are, since a rare label's own probability seldom reaches one half: leaving it out
    is then most often right, but leaves it out always. Which labels to give is another question than how probable each
    is, and it is answered here.
    """

    of_labels: tuple[float, ...]
    curve: PlattScaling

    def answers(self, labels: Sequence[str], probabilities: Matrix) -> list[Prediction]:
        """Return one answer per row of probabilities, shape (n, len(labels)).

        The margin is the way of the closest label to its threshold, as a share of the longest way on that side.
        """
        limits = np.asarray(self.of_labels)
        given = probabilities >= limits
        confidence = self.curve(_of_set(given, probabilities).tolist())
        way = np.abs(probabilities - limits) / np.where(given, 1 - limits, limits)
        names = np.asarray(labels, object)
        return [
            Prediction(Choices(frozenset(names[row].tolist())), float(margin), float(sure))
            for row, margin, sure in zip(given, way.min(axis=1, initial=1.0), confidence, strict=True)
        ]


def fit_thresholds(probabilities: Matrix | None, truth: Truth) -> Thresholds:
    """Return the thresholds of best F1 on probabilities out of fold, both of shape (n, k); one half where None.

    Each label's is drawn to the one that is best for all labels together, the more the fewer examples it has.
    """
    if probabilities is None or not truth.any():
        return Thresholds((0.5,) * truth.shape[1], PlattScaling(1.0, 0.0))
    common = _best(probabilities.ravel(), truth.ravel())
    limits = np.full(truth.shape[1], common)
    for label, column in enumerate(truth.T):
        if (examples := column.sum()) > 0:
            own = _best(probabilities[:, label], column)
            limits[label] = (examples * own + _PULL * common) / (examples + _PULL)
    given = probabilities >= limits
    curve = fit_platt(_of_set(given, probabilities).tolist(), (given == truth).all(axis=1).tolist())
    return Thresholds(tuple(limits.tolist()), curve)


def _best(probabilities: Matrix, truth: Truth) -> float:
    """Return the middle between the last probability that is best given and the next one, in [0.01, 0.99]."""
    order = np.argsort(-probabilities, kind="stable")
    ranked = np.append(probabilities[order], 0.0)
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(truth) + 1) + truth.sum())
    f1[ranked[:-1] == ranked[1:]] = -1.0  # equal probabilities are given together
    last = int(f1.argmax())
    return float(np.clip((ranked[last] + ranked[last + 1]) / 2, 0.01, 0.99))


def _of_set(given: Truth, probabilities: Matrix) -> Matrix:
    """Return the probability of each row's whole set if labels were independent, shape (n,)."""
    together: Matrix = np.prod(np.where(given, probabilities, 1.0 - probabilities), axis=1)
    return together
