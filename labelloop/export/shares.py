"""How often each label occurs in a release, and in truth as far as a random sample tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labelloop.domain.release import ReleaseRow, Source
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
    sample = random_sample(rows)
    rest = [row for row in rows if row.role is not Role.MONITOR]
    if any(row.task_id not in model_said for row in rows):
        rest = []
    said = {row.task_id: labels_of(model_said[row.task_id]) for row in [*rest, *sample] if rest}
    given = [(labels_of(row.value), row.source) for row in rows]
    others = sorted({label for values, _ in given for label in values} - set(labels))
    return [
        LabelShare(
            label=label,
            by_people=sum(label in values for values, source in given if source is Source.PEOPLE),
            by_model=sum(label in values for values, source in given if source is Source.MODEL),
            estimate=_estimate(label, sample, rest, said) if sample else None,
        )
        for label in [*labels, *others]
    ]


def _estimate(
    label: str, sample: Sequence[ReleaseRow], rest: Sequence[ReleaseRow], said: Mapping[int, frozenset[str]]
) -> EstimatedShare:
    return prediction_powered_share(
        np.array([label in labels_of(row.value) for row in sample], np.bool_),
        np.array([label in said.get(row.task_id, ()) for row in sample], np.float64),
        np.array([label in said[row.task_id] for row in rest], np.float64),
    )
