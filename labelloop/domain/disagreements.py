"""Where people disagree with each other, and the model with people."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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


def among_people(tasks: Sequence[AuditedTask]) -> tuple[Confusion, ...]:
    """Return the label pairs that people most often disagree on; which of two labels comes first means nothing."""
    pairs = (pair for task in tasks for pair in combinations(task.people.values(), 2))
    return _most((min(pair), max(pair)) for one, other in pairs for pair in _confused(one, other))


def of_model(tasks: Sequence[AuditedTask]) -> tuple[Confusion, ...]:
    """Return what the model most often says (`one`) where a person says something else (`other`)."""
    pairs = ((task.model, value) for task in tasks for value in task.people.values())
    return _most(pair for model, person in pairs for pair in _confused(model, person))


def disputed_tasks(tasks: Sequence[AuditedTask]) -> tuple[int, ...]:
    """Return the ids of the tasks on which people agree least with each other, then least with the model."""
    disputed = [(task.human_agreement, task.agreement, task.id) for task in tasks if (task.human_agreement or 0.0) < 1]
    known = [(human, model, id_) for human, model, id_ in disputed if human is not None]
    return tuple(id_ for _, _, id_ in sorted(known)[:MOST_SHOWN])


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


def _most(pairs: Iterable[tuple[str, str]]) -> tuple[Confusion, ...]:
    counted = sorted(Counter(pairs).items(), key=lambda item: (-item[1], item[0]))
    return tuple(Confusion(one, other, times) for (one, other), times in counted[:MOST_SHOWN])
