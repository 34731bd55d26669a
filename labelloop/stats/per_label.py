"""Precision, recall and F1 of each label: of spans by the strict match, of anything else by whether it was given."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import Spans, Value, labels_of
from labelloop.stats.intervals import Interval, wilson

RESAMPLES = 1000

Pairs = Sequence[tuple[Value, Value]]
"""What people and what the model said of each task."""


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How well one label is found: how many times people gave it, the model gave it, and both did.

    Times are tasks, or spans, which both gave where ends and label are the same. Precision is None where the model
    never gave the label, recall where people never did; all in [0, 1].
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
    def precision_interval(self) -> Interval:
        """Return the 95 % Wilson interval of the precision; all of [0, 1] where the model never gave the label."""
        return wilson(self.both, self.model)

    @property
    def recall_interval(self) -> Interval:
        """Return the 95 % Wilson interval of the recall; all of [0, 1] where people never gave the label."""
        return wilson(self.both, self.people)

    @property
    def f1(self) -> float | None:
        """Return the harmonic mean of precision and recall; None where nobody gave the label."""
        given = self.people + self.model
        return 2 * self.both / given if given else None


def label_scores(pairs: Pairs, labels: Sequence[str]) -> tuple[LabelScore, ...]:
    """Return one score per label, in the given order."""
    people, model, both = (table.sum(axis=0) for table in _tables(pairs, labels))
    return tuple(LabelScore(label, int(people[n]), int(model[n]), int(both[n])) for n, label in enumerate(labels))


def macro_f1(pairs: Pairs) -> float | None:
    """Return the mean F1, in [0, 1], of all labels that people or the model gave; None where there is none."""
    scores = [score.f1 or 0.0 for score in label_scores(pairs, _given(pairs))]
    return sum(scores) / len(scores) if scores else None


def macro_f1_interval(pairs: Pairs, *, seed: int, confidence: float = 0.95) -> Interval:
    """Return the bootstrap interval of `macro_f1` over tasks, all of [0, 1] for fewer than two or without labels.

    Efron 1979, percentiles of 1,000 resamples; in each the labels that occur in it count.
    """
    n, labels = len(pairs), _given(pairs)
    if n < 2 or not labels:
        return Interval(0.0, 1.0)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    people, model, both = (drawn @ table for table in _tables(pairs, labels))
    given = people + model
    f1 = np.where(given > 0, 2 * both / np.maximum(given, 1), 0.0)
    means = f1.sum(axis=1) / np.maximum((given > 0).sum(axis=1), 1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(low), float(high))


def _given(pairs: Pairs) -> list[str]:
    return sorted({label for pair in pairs for value in pair for label in labels_of(value)})


def _tables(pairs: Pairs, labels: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return how many times each task has each label by people, by the model and by both, shape (n, len(labels))."""
    found = [(_atoms(people), _atoms(model)) for people, model in pairs]
    return (
        _counts([people for people, _ in found], labels),
        _counts([model for _, model in found], labels),
        _counts([people & model for people, model in found], labels),
    )


def _counts(found: Sequence[frozenset[tuple[str, Hashable]]], labels: Sequence[str]) -> NDArray[np.int64]:
    counted = [Counter(label for label, _ in atoms) for atoms in found]
    return np.array([[count[label] for label in labels] for count in counted], np.int64).reshape(
        len(found), len(labels)
    )


def _atoms(value: Value) -> frozenset[tuple[str, Hashable]]:
    if isinstance(value, Spans):
        return frozenset((span.label, span) for span in value.spans)
    return frozenset((label, None) for label in labels_of(value))
