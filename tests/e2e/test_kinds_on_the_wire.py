"""Every kind of field through a real Label Studio: predictions arrive, people answer, both are read back right."""

import pytest

from labelloop.domain.predictions import Prediction
from labelloop.domain.queue import QueueItem
from labelloop.domain.tasks import Origin
from labelloop.domain.values import Span, Spans, Value
from sync.api.client import LabelStudio
from sync.codecs.region_codec import from_regions, task_text, to_regions
from sync.pull import states
from sync.push import push
from tests.e2e.field_kinds import Case, cases
from workers.demo.accounts import Annotator

VERSION = "v1"


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_what_is_pushed_and_what_people_answer_comes_back(
    studio: LabelStudio, people: list[Annotator], case: Case
) -> None:
    """Label Studio stores each prediction as sent; an answer is accepted, corrected or made by hand, with its value."""
    field = case.field
    project = studio.create_project(case.name, case.label_config).id
    data, values = zip(*distinct(case), strict=True)
    accepted, corrected, blind = studio.import_tasks(project, [{"data": dict(row)} for row in data])
    # of the second, something else is predicted than people will say: shorter spans, or another task's answer
    wrong = elsewhere(values[1]) if isinstance(values[1], Spans) else values[0]
    items = [
        QueueItem(accepted, 0.1, {field.name: Prediction(values[0], 0.9, 0.9)}),
        QueueItem(corrected, 0.2, {field.name: Prediction(wrong, 0.8, 0.8)}),
        QueueItem(blind, 0.3),
    ]
    assert push(studio, project, case.label_config, [field], VERSION, items) == 3

    with LabelStudio(studio.url, people[0].token) as person:
        for task, shown, value in zip((accepted, corrected, blind), data, values, strict=True):
            (stored,) = next(t for t in studio.tasks(project, [task])).predictions
            assert bool(stored.result) is (task != blind)
            assert task != accepted or from_regions(field, stored.result, shown) == value
            person.annotate(
                task, to_regions(field, value, shown), parent_prediction=stored.id if stored.result else None
            )

    found = {state.task.id: state for state in states(studio, project, [field], since=None)}
    answers = {task: state.annotations[0] for task, state in found.items()}
    assert [found[task].task.text for task in (accepted, corrected, blind)] == [task_text(field, row) for row in data]
    assert [answers[task].value for task in (accepted, corrected, blind)] == list(values)
    assert answers[accepted].origin is Origin.ACCEPTED
    assert answers[corrected].origin is Origin.CORRECTED
    assert answers[blind].origin is Origin.MANUAL
    studio.sdk.projects.delete(project)


def test_other_fields_of_the_configuration_are_left_alone(studio: LabelStudio, people: list[Annotator]) -> None:
    """Predictions hold the looped field only; what people say of another field neither helps nor disturbs."""
    case = next(case for case in cases() if case.name == "choices-beside-labels")
    field = case.field
    (data, value), (_, other), _ = distinct(case)
    project = studio.create_project("Two fields", case.label_config).id
    (task,) = studio.import_tasks(project, [{"data": dict(data)}])
    push(
        studio,
        project,
        case.label_config,
        [field],
        VERSION,
        [QueueItem(task, 0.5, {field.name: Prediction(value, 0.9, 0.9)})],
    )
    (stored,) = studio.tasks(project, [task])[0].predictions
    assert {region["from_name"] for region in stored.result if isinstance(region, dict)} == {field.name}
    span = {"from_name": "other", "to_name": "text", "type": "labels"}
    marked = {**span, "id": "s1", "value": {"start": 0, "end": 3, "labels": ["Person"]}}
    with LabelStudio(studio.url, people[0].token) as person:
        person.annotate(task, [marked, *to_regions(field, value), marked], parent_prediction=stored.id)
        person.annotate(task, [*to_regions(field, other), marked], parent_prediction=stored.id)
    (state,) = states(studio, project, [field], since=None)
    assert [(a.value, a.origin) for a in state.annotations] == [(value, Origin.ACCEPTED), (other, Origin.CORRECTED)]
    studio.sdk.projects.delete(project)


def elsewhere(value: Spans) -> Spans:
    """Return the same spans, each without its last character."""
    return Spans(frozenset(Span(span.start, span.end - 1, span.label) for span in value.spans))


def distinct(case: Case) -> list[tuple[dict[str, object], Value]]:
    """Return three of the tasks, the first two with different answers, none of them empty."""
    found: dict[str, tuple[dict[str, object], Value]] = {}
    for data, value in case.tasks:
        if str(value):
            found.setdefault(str(value), (dict(data), value))
    return [*found.values(), *((dict(data), value) for data, value in case.tasks[1:])][:3]
