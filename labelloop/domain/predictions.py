"""From a model's probabilities to what it says of a task and how sure it is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import Choice, Choices, FieldKind, Value


def decide(kind: FieldKind, labels: Sequence[str], probabilities: NDArray[np.float64]) -> tuple[Value, float]:
    """Return one task's value and confidence, in [0, 1], from its row of probabilities, shape (len(labels),).

    One choice: the likeliest label and its probability. Several: every label at 0.5 or above; the confidence is the
    probability of the whole set if labels were independent.
    >>> decide(FieldKind.CHOICE, ["ham", "spam"], np.array([0.25, 0.75]))
    (Choice(label='spam'), 0.75)
    """
    if kind is FieldKind.CHOICE:
        best = int(np.argmax(probabilities))
        return Choice(labels[best]), float(probabilities[best])
    chosen = probabilities >= 0.5
    value = Choices(frozenset(label for label, yes in zip(labels, chosen, strict=True) if yes))
    return value, float(np.prod(np.where(chosen, probabilities, 1.0 - probabilities)))


def margin(kind: FieldKind, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each row is from a tie, in [0, 1]; probabilities has shape (n, k), the answer (n,).

    One choice: p1 - p2 of the two likeliest labels (1 where there is one label). Several: the smallest |2p - 1|.
    """
    if kind is FieldKind.CHOICES:
        closest: NDArray[np.float64] = np.abs(2 * probabilities - 1).min(axis=1)
        return closest
    if probabilities.shape[1] < 2:
        return np.ones(len(probabilities))
    two = np.partition(probabilities, -2, axis=1)[:, -2:]
    gap: NDArray[np.float64] = two[:, 1] - two[:, 0]
    return gap
