"""Several people's judgements of one task settled into one label, or the reason why not."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from labelloop.domain.tasks import Annotation
from labelloop.domain.values import Choice, Choices, Value, labels_of


@dataclass(frozen=True, slots=True)
class Consensus:
    """What a task's annotators agree on: a value, or None and the reason it is unsettled."""

    task_id: int
    value: Value | None
    annotators: tuple[int, ...]
    annotation_ids: tuple[int, ...]
    settled_at: datetime
    unsettled_because: str = ""


def judgements(annotations: Iterable[Annotation]) -> list[Annotation]:
    """Return the annotations that judge their task: the newest of each person, skips and empty ones left out."""
    newest: dict[tuple[int, int], Annotation] = {}
    for annotation in sorted(annotations, key=lambda a: (a.judged_at, a.id)):
        if not annotation.skipped and annotation.value is not None:
            newest[(annotation.task_id, annotation.annotator_id)] = annotation
    return sorted(newest.values(), key=lambda a: (a.task_id, a.annotator_id))


def settle(annotations: Sequence[Annotation]) -> Consensus:
    """Settle one task's judgements (at least one, as `judgements` returns them) by majority.

    One choice: the label most people gave, unsettled on a tie. Several: every label that more than half of the people
    gave, unsettled when a label was given by exactly half.
    """
    values = [a.value for a in annotations if a.value is not None]
    value, reason = _majority(values)
    return Consensus(
        task_id=annotations[0].task_id,
        value=value,
        annotators=tuple(a.annotator_id for a in annotations),
        annotation_ids=tuple(a.id for a in annotations),
        settled_at=max(a.judged_at for a in annotations),
        unsettled_because=reason,
    )


def _majority(values: Sequence[Value]) -> tuple[Value | None, str]:
    counts = Counter(label for value in values for label in labels_of(value))
    if isinstance(values[0], Choice):
        best = max(counts.values())
        winners = sorted(label for label, n in counts.items() if n == best)
        return (Choice(winners[0]), "") if len(winners) == 1 else (None, f"tie between {', '.join(winners)}")
    half = sorted(label for label, n in counts.items() if 2 * n == len(values))
    if half:
        return None, f"people are split on {', '.join(half)}"
    return Choices(frozenset(label for label, n in counts.items() if 2 * n > len(values))), ""
