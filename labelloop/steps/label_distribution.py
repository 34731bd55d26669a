"""How often each label occurs in a release, and in truth as far as a random sample tells."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.release_row import ReleaseRow, Source
from labelloop.domain.tasks import Role
from labelloop.domain.values import Value, labels_of
from labelloop.stats.prediction_powered import EstimatedShare, prediction_powered_share


@dataclass(frozen=True, slots=True)
class LabelShare:
    """One label: its rows by source, and how often people would give it; None where no random sample was judged."""

    label: str
    by_people: int
    by_model: int
    estimate: EstimatedShare | None


def random_sample(rows: Sequence[ReleaseRow]) -> list[ReleaseRow]:
    """Return the MONITOR tasks that people settled: drawn uniformly from the whole pool and judged blind."""
    return [row for row in rows if row.role is Role.MONITOR and row.source is Source.PEOPLE]


def label_shares(
    rows: Sequence[ReleaseRow], labels: Sequence[str], model_said: Mapping[int, Value]
) -> list[LabelShare]:
    """Return every label's share, the field's labels first, in their order, then others that rows still have.

    With the model's opinion on every row (`model_said`, by task) the estimate is prediction-powered, else Wilson's.
    """
    count = ShareCount()
    count.add(rows, model_said)
    return count.shares(labels)


class ShareCount:
    """Counts labels over the rows of a release, which may come in parts."""

    def __init__(self) -> None:
        self._given = {source: Counter[str]() for source in Source}
        self._sample, self._seen, self._rest = _Marks(), _Marks(), _Marks()
        self._all_known = True

    def add(self, rows: Sequence[ReleaseRow], model_said: Mapping[int, Value]) -> None:
        """Take in some rows, and what the model says of them."""
        for row in rows:
            self._given[row.source].update(labels_of(row.value))
            prediction = model_said.get(row.task_id)
            self._all_known &= prediction is not None
            opinion = labels_of(prediction) if prediction is not None else frozenset[str]()
            if row.role is not Role.MONITOR:
                self._rest.add(opinion)
            elif row.source is Source.PEOPLE:
                self._sample.add(labels_of(row.value))
                self._seen.add(opinion)

    def shares(self, labels: Sequence[str]) -> list[LabelShare]:
        """Return every label's share, of a field without labels none; see `label_shares`."""
        if not labels:
            return []
        people, model = self._given[Source.PEOPLE], self._given[Source.MODEL]
        others = sorted({*people, *model} - set(labels))
        return [
            LabelShare(label, people[label], model[label], self._estimate(label) if self._sample.n else None)
            for label in [*labels, *others]
        ]

    def _estimate(self, label: str) -> EstimatedShare:
        rest = self._rest.of(label) if self._all_known else np.empty(0, np.float64)
        return prediction_powered_share(self._sample.of(label).astype(np.bool_), self._seen.of(label), rest)


class _Marks:
    """Which of n tasks have which labels."""

    def __init__(self) -> None:
        self.n = 0
        self._places: dict[str, list[int]] = {}

    def add(self, labels: frozenset[str]) -> None:
        for label in labels:
            self._places.setdefault(label, []).append(self.n)
        self.n += 1

    def of(self, label: str) -> NDArray[np.float64]:
        marks = np.zeros(self.n, np.float64)
        marks[self._places.get(label, [])] = 1.0
        return marks
