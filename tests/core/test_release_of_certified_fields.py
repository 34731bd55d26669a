"""A release under the certificates of several fields: which labels are a model's, and what people are asked."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.next_step import Phase
from labelloop.domain.records import Release
from labelloop.domain.release_labels import UNLABELLED
from labelloop.domain.release_row import Source
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Role
from labelloop.domain.values import Choice, FieldKind
from labelloop.export.form_facts import FormFacts, read_released
from labelloop.export.formats import Format, release_files
from labelloop.steps.certify import certificate_is_due
from labelloop.steps.gone_fields import end_without_fields
from labelloop.steps.order_queue import order_queue
from labelloop.steps.release import ends_by_change, order_release, release_is_due, write
from labelloop.stores.release_files import SUMMARY_FILE
from tests.core.certified_form import attempt, certified, certify_all, predict_all, predicted, with_models
from tests.core.form import REPLY, Form, answers
from tests.core.made_up import FIELD, LABELS, MODELS, truth

pytestmark = pytest.mark.slow

NOTE = Field("note", FieldKind.TEXT, (), "text", ("text",))
ASKED = Choice(LABELS[0])
CHILD = replace(REPLY, name="child", condition=Condition((Requirement(("mood",), (ASKED.label,)),)))


@pytest.fixture
def form(tmp_path: Path) -> Form:
    """Yield a form of two fields, each with a model."""
    return with_models(tmp_path, FIELD, REPLY)


def finished(form: Form) -> Release:
    """Let a person answer what waits, and write the release."""
    form.say(form.view.state.waiting, person=3)
    assert release_is_due(form.view.state)
    return write(*form.view.now())


def released(form: Form) -> FormFacts:
    """Return what there is to export."""
    facts = read_released(*form.view.now())
    assert isinstance(facts, FormFacts)
    return facts


def test_each_label_is_the_models_where_its_own_field_was_certified(form: Form) -> None:
    """One row a task, a label and an origin for each field; a task that any of them leaves to people waits."""
    certified(form)
    predicted(form)
    assert form.view.state.phase is Phase.RELEASE
    waiting = set(form.view.state.waiting)
    record = finished(form)
    facts = released(form)
    assert (record.certificate, record.version, record.tasks, record.left_out) == (1, "v1+v2", 300, 0)
    assert 0 < record.by_model == 300 - record.by_people
    for task in facts.tasks:
        assert task.labels.keys() == {"mood", "reply"}
        sources = {row.source for row in task.labels.values()}
        assert len(sources) == 1, "who opens a task answers all of it"
        assert (Source.MODEL in sources) is not bool(task.annotators)
        assert not (Source.MODEL in sources and task.task_id in waiting)
        assert [row.version for row in task.labels.values()] == ["v1", "v2"]
    page = json.loads(form.book.artifacts.read(record.artifact, SUMMARY_FILE))
    for one in page["fields"]:
        assert (one["delta"], one["max_error"], one["certificate_artifact"] != "") == (0.025, 0.1, True)
    assert form.view.state.is_released
    assert write(*form.view.now()) == record


def test_the_card_names_the_certificate_of_each_field(form: Form) -> None:
    """And what holds of all of them at once."""
    certified(form)
    predicted(form)
    finished(form)
    card = release_files(released(form), (Format.CSV,))["README.md"].decode()
    assert (
        "What is promised below of `mood`, `reply` holds of all of them at once with a probability of at least" in card
    )
    assert card.count("**Certificate 1:** at most 10.0% of the labels in this data set differ from people's") == 2
    assert "The model labels are those of v1" in card
    assert "The model labels are those of v2" in card


def test_people_are_shown_what_the_certified_versions_say_of_every_field(form: Form) -> None:
    """The tasks that wait come with all predictions, those first of which a field is least certain."""
    certified(form)
    predicted(form)
    waiting = set(form.view.state.waiting)
    assert waiting
    head = order_queue(*form.view.now(), context=MODELS)
    assert head is not None
    assert {item.task_id for item in head.items} <= waiting
    shown = [item.predictions.keys() for item in head.items if form.view.state.tasks.roles[item.task_id] is Role.TRAIN]
    assert all(names == {"mood", "reply"} for names in shown)


def test_people_label_all_that_is_left_for_a_field_that_was_not_granted(form: Form) -> None:
    """The other field's certificate stays valid; a model's answer of the refused field is nowhere in the release."""
    attempt(form)
    form.say(form.of(Role.CERTIFY))
    certify_all(form, refused=("reply",))
    predicted(form)
    untouched = form.view.state.tasks.ids - form.view.state.tasks.annotators.keys()
    assert set(form.view.state.waiting) >= untouched
    record = finished(form)
    assert (record.version, record.by_model) == ("v1", 0)
    facts = released(form)
    assert [one.release.version for one in facts.fields] == ["v1", ""]
    card = release_files(facts, (Format.CSV,))["README.md"].decode()
    assert "**Certificate:** not granted: people say otherwise." in card


def test_a_field_without_a_model_keeps_nobody_waiting(tmp_path: Path) -> None:
    """The release has what people said of it, and tells why other tasks have no label."""
    form = with_models(tmp_path, FIELD, REPLY, tasks=200)
    form.change_fields(FIELD, REPLY, NOTE)
    certified(form, n=60)
    predicted(form)
    record = finished(form)
    assert record.by_model > 0
    assert released(form).left_out["note"][UNLABELLED] >= record.by_model


def test_a_conditional_field_is_answered_by_people_where_it_is_asked(tmp_path: Path) -> None:
    """By the labels that the others have: where the model's answer does not ask for it, the task is done."""
    form = with_models(tmp_path, FIELD, REPLY, tasks=240)
    form.change_fields(FIELD, REPLY, CHILD)
    certified(form, n=60, max_error=0.3)
    predicted(form)
    waiting = form.view.state.waiting
    for task in waiting:
        form.say_all(task, 3, answers(task) | {"child": Choice("yes") if Choice(truth(task)) == ASKED else None})
    assert release_is_due(form.view.state)
    write(*form.view.now())
    by_model = [task for task in released(form).tasks if not task.annotators]
    assert by_model
    assert all(task.labels["mood"].value != ASKED for task in by_model)
    assert {task.missing["child"] for task in by_model} == {"it was not asked: its condition does not hold"}


def test_a_control_that_is_added_meanwhile_does_not_hold_up_the_release(form: Form) -> None:
    """It is finished for the fields that were certified; people's labels alone are released of the new one."""
    certified(form)
    order_release(*form.view.now())
    form.change_fields(FIELD, NOTE, REPLY)
    predict_all(form)
    assert not ends_by_change(*form.view.now())
    record = finished(form)
    assert (record.version, record.tasks) == ("v1+v2", 300)
    assert released(form).left_out["note"][UNLABELLED] >= record.by_model > 0


def test_a_project_whose_fields_change_after_the_release_goes_on(form: Form) -> None:
    """People get a queue again: nobody was asked about the new field."""
    certified(form)
    predicted(form)
    finished(form)
    assert form.view.state.is_released
    form.clock = datetime.now(UTC)
    form.change_fields(FIELD, REPLY, NOTE)
    assert not form.view.state.is_released


def test_an_attempt_goes_on_without_a_field_whose_control_is_gone(form: Form) -> None:
    """That field is refused with the reason; the others are certified as if nothing had happened."""
    attempt(form)
    form.say(form.of(Role.CERTIFY))
    form.change_field(FIELD)
    assert end_without_fields(*form.view.now()) == "the labelling configuration no longer has reply"
    assert end_without_fields(*form.view.now()) == ""
    assert form.view.state.phase is Phase.CERTIFY
    assert certificate_is_due(form.view.state)
    certify_all(form)
    (found,) = form.view.state.attempts
    assert found.certificate is not None
    assert found.certificate.granted
    (gone,) = form.view.state.former[0].certificates
    assert (gone.granted, gone.reason) == (False, "the labelling configuration no longer has reply")
    assert len(form.of(Role.CERTIFY)) == 80


def test_a_release_goes_on_without_a_field_whose_control_is_gone(form: Form) -> None:
    """It has what was certified of the others."""
    certified(form)
    predicted(form)
    form.change_field(FIELD)
    assert end_without_fields(*form.view.now()) == ""
    for task in form.view.state.waiting:
        form.say_all(task, 3, {"mood": Choice(truth(task))})
    record = write(*form.view.now())
    assert (record.version, record.tasks, record.by_model > 0) == ("v1", 300, True)


def test_a_release_of_which_no_field_is_left_is_called_off_with_the_reason(form: Form) -> None:
    """Otherwise the project would stay frozen until somebody abandons it."""
    certified(form)
    predicted(form)
    form.change_fields(NOTE)
    assert end_without_fields(*form.view.now()) == "the labelling configuration no longer has mood, reply"
    assert end_without_fields(*form.view.now()) == ""
    assert form.view.state.phase is Phase.ROUNDS
    form.change_fields(FIELD, REPLY)
    assert form.view.state.phase is Phase.ROUNDS
    order = order_release(*form.view.now())
    assert not isinstance(order, Release)
    assert order.active, "the certificates hold as long as the tasks are the same"


def test_a_release_whose_only_granted_field_is_gone_is_called_off(form: Form) -> None:
    """What is left was refused."""
    attempt(form)
    form.say(form.of(Role.CERTIFY))
    certify_all(form, refused=("reply",))
    predicted(form)
    form.change_field(REPLY)
    assert end_without_fields(*form.view.now()) == "the labelling configuration no longer has mood"
    assert form.view.state.phase is Phase.ROUNDS
