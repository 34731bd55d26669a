"""Audit tasks of a field about regions or pairs of them, one by one: what figures of single answers are made of."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from labelloop.domain.disagreements import AuditedTask
from labelloop.domain.relations import Relations, labels_by_pair
from labelloop.domain.values import ByRegion, Choices, Value

Pair = tuple[Value, Value]


def region_pairs(pairs: Iterable[Pair]) -> list[Pair]:
    """Return pairs of values as pairs of what both say of each region that both have; others stay as they are.

    Relations are what is said of each ordered pair of regions that both have: their labels, perhaps none.

    >>> from labelloop.domain.values import Choice, FieldKind, Span
    >>> one, other = (ByRegion.of(FieldKind.CHOICE, {Span(0, 2, "x"): Choice(label)}) for label in ("far", "near"))
    >>> region_pairs([(one, other), (Choice("a"), Choice("b"))])
    [(Choice(label='far'), Choice(label='near')), (Choice(label='a'), Choice(label='b'))]
    """
    found: list[Pair] = []
    for one, other in pairs:
        if isinstance(one, ByRegion) and isinstance(other, ByRegion):
            found += one.paired(other)
        elif isinstance(one, Relations) and isinstance(other, Relations):
            sides = (labels_by_pair(value, one.shared(other)).values() for value in (one, other))
            found += [(Choices(a), Choices(b)) for a, b in zip(*sides, strict=True)]
        else:
            found.append((one, other))
    return found


def audited_regions(tasks: Sequence[AuditedTask]) -> list[AuditedTask]:
    """Return the tasks once for each region that the model answered, with the people who marked it; others as they are.

    Of relations, once for each ordered pair of regions. Their agreement stays that of the task.
    """
    return [one for task in tasks for one in _regions(task)]


def _regions(task: AuditedTask) -> Iterable[AuditedTask]:
    if isinstance(task.model, Relations):
        yield from _pairs(task, task.model)
        return
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


def _pairs(task: AuditedTask, model: Relations) -> Iterable[AuditedTask]:
    people = {who: value for who, value in task.people.items() if isinstance(value, Relations)}
    theirs = {who: labels_by_pair(value, value.shared(model)) for who, value in people.items()}
    for pair, labels in labels_by_pair(model, {region.ends for region in model.regions}).items():
        said: dict[int, Value] = {who: Choices(found[pair]) for who, found in theirs.items() if pair in found}
        yield replace(task, model=Choices(labels), people=said)
