"""Which fields were asked, judged by what the others say, and what becomes of answers where one was not."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from labelloop.domain.conditions import Requirement
from labelloop.domain.schema import Field
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import ByRegion, FieldKind, OfRegions, Span, Spans, Value, labels_of

if TYPE_CHECKING:
    from labelloop.domain.predictions import Prediction

Answer = Value | Unanswered
Fields = Mapping[str, Field]
Answers = Mapping[str, Answer]

_SILENT = (Unanswered.EMPTY, Unanswered.NOT_ASKED)


def is_asked(field: Field, fields: Fields, answers: Answers) -> bool | None:
    """Return whether the field is asked where the others have these answers, None where nobody can tell.

    `fields` and `answers` are by name. A parent that is not asked says nothing, whatever stands there. One that has no
    answer here, or one that cannot be read or that the parent does not allow (any more), may have said anything. One
    that is about regions is asked where it is about any of them, one about pairs where there are two.
    """
    if field.condition is None:
        return True
    if field.is_about_regions:
        regions = _marked(field, fields, answers)
        return None if regions is None else _enough(field, _asked_about(regions, field, fields, answers).values())
    met = [_is_met(requirement, fields, answers) for requirement in field.condition.requirements]
    return False if False in met else None if None in met else True


def always_asked(fields: Iterable[Field]) -> bool:
    """Return whether people are asked for each of the fields about the task whatever the others say."""
    return not any(field.condition or field.is_about_regions for field in fields)


def marking(field: Field, fields: Fields) -> list[str]:
    """Return the names of the fields that mark the regions which a field is about; none of a field about the task."""
    parents = field.condition.parents if field.condition and field.is_about_regions else ()
    return sorted(name for name in parents if name in fields and fields[name].kind is FieldKind.SPANS)


def regions_asked(field: Field, fields: Fields, answers: Answers) -> frozenset[Span]:
    """Return the regions about which the field is asked where the others have these answers; none if nobody can tell.

    They are what the fields mark that it depends on.
    """
    regions = _marked(field, fields, answers) or frozenset()
    return frozenset(one for one, asked in _asked_about(regions, field, fields, answers).items() if asked)


def with_parents(fields: Sequence[Field]) -> list[Field]:
    """Return those of the fields whose parents are among them, and theirs: of the others nobody could tell."""
    kept = {field.name: field for field in fields}
    while lost := [name for name, one in kept.items() if one.condition and not one.condition.parents <= kept.keys()]:
        kept = {name: field for name, field in kept.items() if name not in lost}
    return list(kept.values())


def parents_first(fields: Sequence[Field]) -> list[Field]:
    """Return the fields, whose parents are among them, each after its parents and else in their order."""
    ordered: dict[str, Field] = {}
    while ready := [
        one
        for one in fields
        if one.name not in ordered and (one.condition is None or one.condition.parents <= ordered.keys())
    ]:
        ordered |= {one.name: one for one in ready}
    return list(ordered.values())


def tasks_asked(
    field: Field, fields: Fields, tasks: Sequence[int], predictions: "Mapping[str, Mapping[int, Prediction]]"
) -> dict[int, bool | None]:
    """Return whether people would be asked for the field in each task, by the predictions of others, by name and task.

    None where nobody can tell, as where a parent has no prediction.
    """
    return {
        task: is_asked(field, fields, {name: found[task].value for name, found in predictions.items() if task in found})
        for task in tasks
    }


def regions_of_tasks(
    field: Field, fields: Fields, tasks: Sequence[int], predictions: "Mapping[str, Mapping[int, Prediction]]"
) -> dict[int, frozenset[Span]]:
    """Return about which regions of each task people would be asked, by the predictions of other fields, as above.

    No tasks are there of a field that is not about regions.
    """
    if not field.is_about_regions:
        return {}
    return {
        task: regions_asked(field, fields, {name: one[task].value for name, one in predictions.items() if task in one})
        for task in tasks
    }


def answers_where_asked(fields: Fields, answers: Answers) -> dict[str, Answer]:
    """Return the answers of one annotation; where a field was not asked, the reason why its answer does not count.

    Only where a field was asked is silence an answer of it.
    """
    return {name: _counted(answer, fields[name], fields, answers) for name, answer in answers.items()}


def predictions_where_asked(fields: Fields, predictions: "Mapping[str, Prediction]") -> "dict[str, Prediction]":
    """Return those of a task's predictions, by field, that people see who are shown all of them.

    A field is judged by what is predicted of its parents: none is left of a child without its parent's.
    """
    values = {name: prediction.value for name, prediction in predictions.items()}
    shown = {name: found for name, found in predictions.items() if is_asked(fields[name], fields, values)}
    by_region = [name for name, found in shown.items() if isinstance(found.value, OfRegions)]
    left = {name: about_regions(shown[name], regions_asked(fields[name], fields, values)) for name in by_region}
    return {name: found for name in shown if (found := left.get(name, shown[name])) is not None}


def about_regions(prediction: "Prediction", regions: Collection[Span]) -> "Prediction | None":
    """Return a prediction, of one about regions what is left where people see only these; None where nothing is."""
    value = prediction.value
    if not isinstance(value, OfRegions):
        return prediction
    left = value.within(regions)
    return None if left.is_about_nothing else replace(prediction, value=left)


def _counted(answer: Answer, field: Field, fields: Fields, answers: Answers) -> Answer:
    asked = is_asked(field, fields, answers)
    if asked and isinstance(answer, OfRegions):
        left = answer.within(regions_asked(field, fields, answers))
        return Unanswered.EMPTY if left.is_about_nothing else left
    if asked or answer is Unanswered.SKIPPED:
        return answer
    if asked is None:
        return Unanswered.CONDITION_UNKNOWN
    is_silent = answer in _SILENT if isinstance(answer, Unanswered) else not str(answer)
    return Unanswered.NOT_ASKED if is_silent else Unanswered.CONDITION_UNMET


def _enough(field: Field, asked: Iterable[bool | None]) -> bool | None:
    """Return whether a field is asked about so many regions that there is something to say."""
    about = list(asked)
    if about.count(True) >= field.least_regions:
        return True
    return None if about.count(True) + about.count(None) >= field.least_regions else False


def _marked(field: Field, fields: Fields, answers: Answers) -> frozenset[Span] | None:
    """Return the regions that a field about regions may be asked about, None where those that mark them do not tell."""
    said = [answers.get(name) for name in marking(field, fields)]
    found = frozenset(span for answer in said if isinstance(answer, Spans) for span in answer.spans)
    tells = all(isinstance(answer, Spans) or answer in _SILENT for answer in said)
    return found if found or tells else None


def _asked_about(regions: Collection[Span], field: Field, fields: Fields, answers: Answers) -> dict[Span, bool | None]:
    """Return whether a field about regions is asked about each: by its label, and by what is said of it."""
    about, one = {name: other.of_one_region for name, other in fields.items()}, field.of_one_region
    return {
        region: is_asked(one, about, {name: _said_about(region, answer) for name, answer in answers.items()})
        for region in regions
    }


def _said_about(region: Span, answer: Answer) -> Answer:
    match answer:
        case Spans(spans):
            return Spans(spans & {region})
        case ByRegion():
            return answer.by_span.get(region, Unanswered.EMPTY)
        case _:
            return answer


def _is_met(requirement: Requirement, fields: Fields, answers: Answers) -> bool | None:
    said = [_says(name, requirement.labels, fields, answers) for name in requirement.fields]
    found = True if True in said else None if None in said else False
    return None if found is None else found is not requirement.negated


def _says(name: str, labels: tuple[str, ...], fields: Fields, answers: Answers) -> bool | None:
    """Return whether the field says one of the labels, or anything where none is named."""
    field, answer = fields.get(name), answers.get(name)
    asked = None if field is None else is_asked(field, fields, answers)
    if asked is False or answer in _SILENT:
        return False
    if field is None or not asked or answer is None or isinstance(answer, Unanswered) or not field.allows(answer):
        return None
    given = labels_of(answer)
    return not given.isdisjoint(labels) if labels else bool(given)
