"""Audit tasks of a field about regions, region by region: what figures of single answers are made of."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from labelloop.domain.disagreements import AuditedTask
from labelloop.domain.values import ByRegion, Value

Pair = tuple[Value, Value]


def region_pairs(pairs: Iterable[Pair]) -> list[Pair]:
    """Return pairs of values as pairs of what both say of each region that both have; others stay as they are.

    >>> from labelloop.domain.values import Choice, FieldKind, Span
    >>> one, other = (ByRegion.of(FieldKind.CHOICE, {Span(0, 2, "x"): Choice(label)}) for label in ("far", "near"))
    >>> region_pairs([(one, other), (Choice("a"), Choice("b"))])
    [(Choice(label='far'), Choice(label='near')), (Choice(label='a'), Choice(label='b'))]
    """
    found: list[Pair] = []
    for one, other in pairs:
        if isinstance(one, ByRegion) and isinstance(other, ByRegion):
            found += one.paired(other)
        else:
            found.append((one, other))
    return found


def audited_regions(tasks: Sequence[AuditedTask]) -> list[AuditedTask]:
    """Return the tasks once for each region that the model answered, with the people who marked it; others as they are.

    Their agreement stays that of the task.
    """
    return [one for task in tasks for one in _regions(task)]


def _regions(task: AuditedTask) -> Iterable[AuditedTask]:
    if not isinstance(task.model, ByRegion):
        yield task
        return
    for span, said in task.model.by_span.items():
        alone = task.model.within({span})
        theirs = {
            person: pairs[0][1]
            for person, value in task.people.items()
            if isinstance(value, ByRegion) and (pairs := alone.paired(value))
        }
        yield replace(task, model=said, people=theirs)
