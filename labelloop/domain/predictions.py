"""From a model's probabilities to what it says of a task and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import LABEL_KINDS, Choice, Choices, FieldKind, Rating, Value


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of a task.

    `confidence` is the calibrated probability that people would say the same; `margin` tells how far the answer is from
    another one: it ranks tasks, for the queue and for a certificate's threshold. Both are in [0, 1]. One that
    `fallback` for what the model did not say counts as its answer, but people are not shown it.
    """

    value: Value
    margin: float
    confidence: float
    fallback: bool = False

    @property
    def is_shown(self) -> bool:
        """Return whether people may see it as a pre-annotation; one without any confidence is none."""
        return not self.fallback and self.confidence > 0


def answers(kind: FieldKind, labels: Sequence[str], probabilities: NDArray[np.float64]) -> list[Prediction]:
    """Return what each row of probabilities says, shape (n, len(labels)); `kind` is one whose answers are labels."""
    margins = margin(kind, probabilities).tolist()
    if kind in (FieldKind.CHOICE, FieldKind.PAIRWISE):  # all rows at once: a request may have thousands
        values, best = [Choice(label) for label in labels], probabilities.argmax(axis=1)
        confidences = probabilities[np.arange(len(best)), best].tolist()
        return list(map(Prediction, (values[place] for place in best.tolist()), margins, confidences))
    decided = (decide(kind, labels, row) for row in probabilities)
    return [Prediction(value, apart, sure) for apart, (value, sure) in zip(margins, decided, strict=True)]


def decide(kind: FieldKind, labels: Sequence[str], probabilities: NDArray[np.float64]) -> tuple[Value, float]:
    """Return one task's value and confidence, in [0, 1], from its row of probabilities, shape (len(labels),).

    One choice: the likeliest label and its probability. Several: every label at 0.5 or above; the confidence is the
    probability of the whole set if labels were independent. Stars, whose labels are all of 1, 2 …: the median.
    >>> decide(FieldKind.CHOICE, ["ham", "spam"], np.array([0.25, 0.75]))
    (Choice(label='spam'), 0.75)
    """
    match kind:
        case FieldKind.CHOICE | FieldKind.PAIRWISE:
            best = int(np.argmax(probabilities))
            return Choice(labels[best]), float(probabilities[best])
        case FieldKind.CHOICES | FieldKind.TAXONOMY:
            chosen = probabilities >= 0.5
            value = Choices(frozenset(label for label, yes in zip(labels, chosen, strict=True) if yes))
            return value, float(np.prod(np.where(chosen, probabilities, 1.0 - probabilities)))
        case FieldKind.RATING:
            middle = int(np.searchsorted(np.cumsum(probabilities), probabilities.sum() / 2))
            return Rating(int(labels[middle]), len(labels)), float(probabilities[middle])
        case _:
            raise ValueError(f"the answers of a {kind} field are no labels ({', '.join(sorted(LABEL_KINDS))} are)")


def margin(kind: FieldKind, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each row is from a tie, in [0, 1]; probabilities has shape (n, k), the answer (n,).

    One choice, or stars: p1 - p2 of the two likeliest labels (1 where there is one label). Several: the smallest
    |2p - 1|.
    """
    if kind in (FieldKind.CHOICES, FieldKind.TAXONOMY):
        closest: NDArray[np.float64] = np.abs(2 * probabilities - 1).min(axis=1)
        return closest
    if probabilities.shape[1] < 2:
        return np.ones(len(probabilities))
    two = np.partition(probabilities, -2, axis=1)[:, -2:]
    gap: NDArray[np.float64] = two[:, 1] - two[:, 0]
    return gap
