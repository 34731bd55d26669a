"""Several people's annotations of one task settled into one label, or the reason why not."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from labelloop.domain.relations import Relation
from labelloop.domain.tasks import Annotation
from labelloop.domain.values import (
    ByRegion,
    Choice,
    Choices,
    Moment,
    Number,
    Ranking,
    Rating,
    Relations,
    Span,
    Spans,
    Text,
    Value,
    same,
    similarity,
)

_ROUNDING = 1e-9
Item = TypeVar("Item", str, Span, Relation)


@dataclass(frozen=True, slots=True)
class Consensus:
    """What a task's annotators agree on: a value, or None and the reason it is unsettled."""

    value: Value | None
    annotators: tuple[int, ...]
    settled_at: datetime
    unsettled_reason: str = ""


def counted_annotations(annotations: Iterable[Annotation]) -> list[Annotation]:
    """Return the annotations that judge their task: the newest of each person, skips and empty ones left out."""
    newest: dict[tuple[int, int], Annotation] = {}
    for annotation in sorted(annotations, key=lambda a: (a.judged_at, a.id)):
        if not annotation.skipped and annotation.value is not None:
            newest[(annotation.task_id, annotation.annotator_id)] = annotation
    return sorted(newest.values(), key=lambda a: (a.task_id, a.annotator_id))


def settle(annotations: Sequence[Annotation]) -> Consensus:
    """Settle one task's annotations (at least one, as `counted_annotations` returns them) by majority.

    One choice, or a text: the one most people gave, unsettled on a tie. Several choices, or spans: every one that more
    than half of the people gave, unsettled when one was given by exactly half. Stars, numbers and moments: the median,
    unsettled where it lies between two that are not the same. Rankings: the one most like all others, unsettled on a
    tie. Answers about regions: of each region that more than half of the people have, what these settle on, unsettled
    where one has not settled, or there is none. Relations: between those regions, of each two that more than half of
    the people who have both relate, unsettled where exactly half do, or there are no two regions.
    """
    values = [a.value for a in annotations if a.value is not None]
    value, reason = _majority(values)
    return Consensus(
        value=value,
        annotators=tuple(a.annotator_id for a in annotations),
        settled_at=max(a.judged_at for a in annotations),
        unsettled_reason=reason,
    )


def _majority(values: Sequence[Value]) -> tuple[Value | None, str]:
    match values[0]:
        case Choice():
            return _most_common(values, "tie between {}")
        case Text():
            return _most_common(values, "people wrote {}")
        case Ranking():
            return _most_typical(values)
        case Rating() | Number() | Moment():
            return _median([value for value in values if isinstance(value, Rating | Number | Moment)])
        case Choices():
            labels, reason = _given_by_most([value.labels for value in values if isinstance(value, Choices)])
            return (None if reason else Choices(labels)), reason
        case Spans():
            spans, reason = _given_by_most([value.spans for value in values if isinstance(value, Spans)])
            return (None if reason else Spans(spans)), reason
        case ByRegion():
            return _by_region([value for value in values if isinstance(value, ByRegion)])
        case Relations():
            return _related([value for value in values if isinstance(value, Relations)])


def _by_region(values: Sequence[ByRegion]) -> tuple[Value | None, str]:
    said: dict[Span, list[Value]] = {}
    for value in values:
        for span, one in value.by_span.items():
            said.setdefault(span, []).append(one)
    found = {span: _majority(of_it) for span, of_it in sorted(said.items()) if 2 * len(of_it) > len(values)}
    split = [f"{span}: {reason}" for span, (_, reason) in found.items() if reason]
    settled = {span: value for span, (value, _) in found.items() if value is not None}
    reason = "; ".join(split) or ("" if settled else "no region is marked by most people")
    return (None if reason else ByRegion.of(values[0].kind, settled)), reason


def _related(values: Sequence[Relations]) -> tuple[Value | None, str]:
    marked = Counter(region for value in values for region in value.regions)
    regions = frozenset(region for region, n in marked.items() if 2 * n > len(values))
    if len(regions) < 2:
        return None, "no two regions are marked by most people"
    said = Counter(one for value in values for one in value.within(regions).relations)
    asked = {one: sum({one.head, one.tail} <= value.regions for value in values) for one in said}
    half = sorted(str(one) for one, n in said.items() if 2 * n == asked[one])
    chosen = frozenset(one for one, n in said.items() if 2 * n > asked[one])
    return (None, f"people are split on {', '.join(half)}") if half else (Relations(regions, chosen), "")


def _most_common(values: Sequence[Value], tie: str) -> tuple[Value | None, str]:
    counts = Counter(values)
    best = max(counts.values())
    winners = sorted((value for value, n in counts.items() if n == best), key=str)
    return (winners[0], "") if len(winners) == 1 else (None, tie.format(", ".join(map(str, winners))))


def _most_typical(values: Sequence[Value]) -> tuple[Value | None, str]:
    alike = {value: sum(similarity(value, other) for other in values) for value in values}
    best = max(alike.values())
    winners = sorted((value for value, total in alike.items() if total > best - _ROUNDING), key=str)
    return (winners[0], "") if len(winners) == 1 else (None, f"people rank {'; or '.join(map(str, winners))}")


def _median(values: Sequence[Rating | Number | Moment]) -> tuple[Value | None, str]:
    ordered = sorted(values, key=lambda value: value.place)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return (low, "") if same(low, high) else (None, f"people are split between {low} and {high}")


def _given_by_most(sets: Sequence[frozenset[Item]]) -> tuple[frozenset[Item], str]:
    counts = Counter(item for items in sets for item in items)
    half = sorted(str(item) for item, n in counts.items() if 2 * n == len(sets))
    chosen = frozenset(item for item, n in counts.items() if 2 * n > len(sets))
    return chosen, f"people are split on {', '.join(half)}" if half else ""
