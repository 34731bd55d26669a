"""Where people disagree with each other, and the model with people."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from labelloop.domain.values import Span, Spans, Value, labels_of

MOST_SHOWN = 10
NOTHING = ""


@dataclass(frozen=True, slots=True)
class AuditedTask:
    """An audit task with what people said of it blind, by person, and what the model says.

    `agreement` is the model's with people, `human_agreement` people's with each other, in [0, 1]; the latter is None
    where one person judged it.
    """

    id: int
    model: Value
    people: dict[int, Value]
    agreement: float
    human_agreement: float | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many times one said `one` where the other said `other`; empty where a label of several was not given.

    Of spans: where they overlap; the two are the same where people agree on the label but not on the ends.
    """

    one: str
    other: str
    times: int


Cells = Mapping[tuple[str, str], Sequence[int]]
"""Of two labels that were said of the same thing, the id of a task for each time."""


def among_people(tasks: Sequence[AuditedTask]) -> tuple[Confusion, ...]:
    """Return the label pairs that people most often disagree on; which of two labels comes first means nothing."""
    return _most(_unordered(_cells(_among_people(tasks), _confused)))


def of_model(tasks: Sequence[AuditedTask]) -> tuple[Confusion, ...]:
    """Return what the model most often says (`one`) where a person says something else (`other`)."""
    return _most(_cells(_of_model(tasks), _confused))


def cells_among_people(tasks: Sequence[AuditedTask]) -> Cells:
    """Return all label pairs of two people, those included in which the two agree; the lesser label comes first."""
    return _unordered(_cells(_among_people(tasks), _met))


def cells_of_model(tasks: Sequence[AuditedTask]) -> Cells:
    """Return all pairs of what the model says and what a person says, those included in which the two agree."""
    return _cells(_of_model(tasks), _met)


def disputed_tasks(tasks: Sequence[AuditedTask]) -> tuple[int, ...]:
    """Return the ids of the tasks on which people agree least with each other, then least with the model."""
    disputed = [(task.human_agreement, task.agreement, task.id) for task in tasks if (task.human_agreement or 0.0) < 1]
    known = [(human, model, id_) for human, model, id_ in disputed if human is not None]
    return tuple(id_ for _, _, id_ in sorted(known)[:MOST_SHOWN])


Pair = tuple[int, Value, Value]
"""A task's id, and two answers about it."""


def _among_people(tasks: Sequence[AuditedTask]) -> Iterator[Pair]:
    return ((task.id, *pair) for task in tasks for pair in combinations(task.people.values(), 2))


def _of_model(tasks: Sequence[AuditedTask]) -> Iterator[Pair]:
    return ((task.id, task.model, value) for task in tasks for value in task.people.values())


def _cells(
    pairs: Iterable[Pair], labels: Callable[[Value, Value], Iterable[tuple[str, str]]]
) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for id_, one, other in pairs:
        for cell in labels(one, other):
            found.setdefault(cell, []).append(id_)
    return found


def _unordered(cells: Cells) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for (one, other), tasks in cells.items():
        found.setdefault((min(one, other), max(one, other)), []).extend(tasks)
    return found


def _met(one: Value, other: Value) -> Iterator[tuple[str, str]]:
    """Yield what two answers say of the same thing; of spans only those that differ: the same label is other ends."""
    yield from _confused(one, other)
    if not isinstance(one, Spans):
        yield from ((label, label) for label in labels_of(one) & labels_of(other))


def _confused(one: Value, other: Value) -> Iterator[tuple[str, str]]:
    if isinstance(one, Spans) and isinstance(other, Spans):
        yield from _confused_spans(one.spans - other.spans, other.spans - one.spans)
        return
    only_one, only_other = labels_of(one) - labels_of(other), labels_of(other) - labels_of(one)
    if only_one or only_other:
        yield from ((a, b) for a in only_one or {NOTHING} for b in only_other or {NOTHING})


def _confused_spans(one: frozenset[Span], other: frozenset[Span]) -> Iterator[tuple[str, str]]:
    left = sorted(other)
    for span in sorted(one):
        met = next((rival for rival in left if rival.start < span.end and span.start < rival.end), None)
        yield span.label, met.label if met else NOTHING
        if met:
            left.remove(met)
    yield from ((NOTHING, span.label) for span in left)


def _most(cells: Cells) -> tuple[Confusion, ...]:
    counted = sorted(cells.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(Confusion(one, other, len(tasks)) for (one, other), tasks in counted[:MOST_SHOWN])
