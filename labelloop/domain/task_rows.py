"""What the row of a task says of each field: a value, or that it is not asked."""

from collections.abc import Mapping

from labelloop.domain.asked import Answer, Fields, is_asked, parents_first, regions_asked
from labelloop.domain.rounds import Round
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import ByRegion, OfRegions, Relations, Value, similarity


def row_of(fields: Fields, values: Mapping[str, Value]) -> dict[str, Answer]:
    """Return what a task's values say of each of the fields, those that it cannot be told of left out.

    All that they depend on is among the `fields`. A value counts only where the others ask for it, one about regions
    only as far as they mark them.
    """
    found: dict[str, Answer] = {}
    for field in parents_first(tuple(fields.values())):
        asked = is_asked(field, fields, found)
        value = values.get(field.name)
        if asked is False:
            found[field.name] = Unanswered.NOT_ASKED
        elif asked and isinstance(value, OfRegions):
            left = value.within(regions_asked(field, fields, found))
            found |= {} if left.is_about_nothing else {field.name: left}
        elif asked and value is not None:
            found[field.name] = value
    return found


def rows_of_annotations(fields: Fields, rounds: Mapping[str, Round]) -> dict[int, list[dict[str, Answer]]]:
    """Return what each blind annotation of an audit task says of the fields, by task; `rounds` has one for each."""
    said: dict[int, dict[int, dict[str, Value]]] = {}
    for name, judged in rounds.items():
        for task in judged.audit(1):
            for one in task.annotations:
                values = said.setdefault(task.task.id, {}).setdefault(one.id, {})
                values |= {} if one.value is None else {name: one.value}
    return {id_: [row_of(fields, values) for values in every.values()] for id_, every in sorted(said.items())}


def row_similarity(said: Answer, truth: Answer) -> float:
    """Return how alike a model and people fill in the same cell, in [0, 1]; asked by one alone they are not at all.

    What is said of regions counts as spans do, with the same ends and label: a region that only one has is an error,
    whatever is said of the others. So is a relation.

    >>> from labelloop.domain.values import Choice, FieldKind, Span
    >>> near = ByRegion.of(FieldKind.CHOICE, {Span(0, 2, "x"): Choice("near")})
    >>> both = ByRegion.of(FieldKind.CHOICE, {Span(0, 2, "x"): Choice("near"), Span(4, 6, "x"): Choice("far")})
    >>> round(row_similarity(near, both), 3), row_similarity(near, Unanswered.NOT_ASKED)
    (0.667, 0.0)
    """
    if isinstance(said, Unanswered) or isinstance(truth, Unanswered):
        return float(said == truth)
    match said, truth:
        case ByRegion(), ByRegion():
            mine, theirs = said.by_span, truth.by_span
            alike = sum(similarity(one, theirs[span]) for span, one in mine.items() if span in theirs)
            return 2 * alike / (len(mine) + len(theirs)) if mine or theirs else 1.0
        case Relations(), Relations():
            a, b = said.relations, truth.relations
            return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0
        case _:
            return similarity(said, truth)
