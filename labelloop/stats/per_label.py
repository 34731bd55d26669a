"""Precision, recall and F1 of each label."""

from collections.abc import Sequence
from dataclasses import dataclass

from labelloop.domain.values import Value, labels_of


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How well one label is found: to how many tasks people gave it, the model gave it, and both did.

    Precision is None where the model never gave the label, recall where people never did; all in [0, 1].
    """

    label: str
    people: int
    model: int
    both: int

    @property
    def precision(self) -> float | None:
        """Return the share of the model's that people gave too."""
        return self.both / self.model if self.model else None

    @property
    def recall(self) -> float | None:
        """Return the share of people's that the model gave too."""
        return self.both / self.people if self.people else None

    @property
    def f1(self) -> float | None:
        """Return the harmonic mean of precision and recall; None where nobody gave the label."""
        given = self.people + self.model
        return 2 * self.both / given if given else None


def label_scores(pairs: Sequence[tuple[Value, Value]], labels: Sequence[str]) -> tuple[LabelScore, ...]:
    """Return one score per label, in the given order, from pairs of (people's value, model's value)."""
    sets = [(labels_of(people), labels_of(model)) for people, model in pairs]
    return tuple(
        LabelScore(
            label,
            people=sum(label in people for people, _ in sets),
            model=sum(label in model for _, model in sets),
            both=sum(label in people and label in model for people, model in sets),
        )
        for label in labels
    )


def macro_f1(pairs: Sequence[tuple[Value, Value]]) -> float | None:
    """Return the mean F1, in [0, 1], of all labels that people or the model gave; None where there is none."""
    labels = sorted({label for pair in pairs for value in pair for label in labels_of(value)})
    scores = [score.f1 or 0.0 for score in label_scores(pairs, labels)]
    return sum(scores) / len(scores) if scores else None
