"""Certificates of fields that are not asked of every task: what counts as an error, and what is released."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.predictions import Prediction
from labelloop.domain.records import Certificate, Fit
from labelloop.domain.release_labels import NOT_ASKED
from labelloop.domain.release_row import Source
from labelloop.domain.tasks import Role, Task
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice, FieldKind
from labelloop.export.form_facts import FormFacts, read_released
from labelloop.export.formats import Format, release_files
from labelloop.state.release_parts import release_parts
from labelloop.steps import model_rows
from labelloop.steps.certify import CERTIFICATE_FILE, certify
from labelloop.steps.release import write
from labelloop.stores.release_files import SUMMARY_FILE
from tests.core.certified_form import attempt, certified, certify_all, predicted
from tests.core.conditional_form import ASKED, CHILD, GRANDCHILD, ConditionalForm, answers, is_asked, released, row
from tests.core.made_up import FIELD, MODELS, truth
from workers.admin.joint_preview import joint_preview, model_share
from workers.admin.release_preview import preview
from workers.admin.release_status import NO_LONGER, certificate_status

pytestmark = pytest.mark.slow


@pytest.fixture
def form(tmp_path: Path) -> ConditionalForm:
    """Yield a form of a mood and a question that is asked after one mood, each with a model."""
    return ConditionalForm(tmp_path)


def certificates(form: ConditionalForm) -> dict[str, Certificate]:
    """Return the certificates of the newest attempt, by field."""
    found = {one.field.name: one.attempt for one in form.view.state.attempted}
    return {name: one.certificate for name, one in found.items() if one and one.certificate}


def test_a_conditional_field_gets_a_certificate_of_all_tasks_of_the_draw(form: ConditionalForm) -> None:
    """The same tasks, the same share of the probability; a task in which it is rightly not asked is right."""
    attempt(form)
    form.say(form.of(Role.CERTIFY))
    certify_all(form)
    found = certificates(form)
    assert list(found) == ["mood", "child"]
    assert {(one.n, one.delta, one.granted) for one in found.values()} == {(80, 0.025, True)}
    page = json.loads(form.book.artifacts.read(found["child"].artifact, CERTIFICATE_FILE))
    assert page["not_judged"] == 0, "people who are not asked have answered"
    assert "of the labels (none counts as one, where it is not asked) differ from people's" in page["promise"]
    assert sum(label["automated"] for label in page["labels"]) < 0.6 * 80, "asked of a third of the tasks"


def test_asked_by_the_one_and_not_by_the_other_is_an_error(form: ConditionalForm) -> None:
    """Where people say that the mood is another one, the model's row is wrong of both fields."""
    attempt(form)
    drawn = form.of(Role.CERTIFY)
    others = [task for task in drawn if not is_asked(task)][:20]
    for task in others:
        form.say_all(task, 1, {"mood": Choice(ASKED), "child": Choice("yes")})
    form.say([task for task in drawn if task not in others])
    certify_all(form)
    found = certificates(form)
    assert found["child"].errors >= 15
    assert found["child"].errors <= found["mood"].errors + 10


def test_a_certificate_that_leaves_more_to_people_than_none_is_not_granted(
    form: ConditionalForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it they answer the question where the mood asks for it; the other tasks are done."""

    def sure(_book: object, fit: Fit, tasks: Sequence[Task], *, context: object) -> dict[int, Prediction]:
        said = [task.id for task in tasks]
        if fit.version == "v1":  # surer of moods after which the question is asked
            return {id_: Prediction(Choice(truth(id_)), 0.9 if is_asked(id_) else 0.5, 0.9) for id_ in said}
        return {id_: Prediction(Choice("yes"), 0.9, 0.9) for id_ in said}

    monkeypatch.setattr(model_rows, "answer", sure)
    attempt(form)
    for task in form.of(Role.CERTIFY):
        form.say_all(task, 1, answers(task) | ({"child": Choice("no")} if is_asked(task) else {}))
    certify_all(form)
    found = certificates(form)
    assert (found["mood"].granted, found["mood"].errors) == (True, 0)
    assert (found["child"].granted, found["child"].automated) == (False, 0)
    asked = sum(map(is_asked, form.of(Role.CERTIFY)))
    assert f"{asked} tasks wrong" in found["child"].reason
    assert f"the answers of others do not ask for it in {80 - asked}" in found["child"].reason
    assert model_share(*form.view.now(), context=MODELS) == pytest.approx(1 - asked / 80)


def test_people_who_leave_the_question_blank_where_it_is_asked_count_against_it(form: ConditionalForm) -> None:
    """What is not known never makes a promise easier; where it is not asked, silence is the right answer."""
    attempt(form)
    drawn = form.of(Role.CERTIFY)
    form.say(drawn, leave_out=("child",))
    certify_all(form)
    found = certificates(form)["child"]
    asked = sum(map(is_asked, drawn))
    assert asked <= found.errors < asked + 20
    page = json.loads(form.book.artifacts.read(found.artifact, CERTIFICATE_FILE))
    assert page["not_judged"] == asked


def test_a_task_that_was_skipped_is_no_task_in_which_nobody_was_asked(form: ConditionalForm) -> None:
    """Nothing is known of it, whatever the condition says of silence."""
    attempt(form)
    drawn = form.of(Role.CERTIFY)
    form.say(drawn[:60])
    for task in drawn[60:]:
        form.say_all(task, 1, {"mood": None, "child": None})
    certify_all(form)
    page = json.loads(form.book.artifacts.read(certificates(form)["child"].artifact, CERTIFICATE_FILE))
    assert page["not_judged"] == 20
    assert page["errors"] >= 20


def test_a_row_of_a_release_is_the_models_or_a_persons_and_never_contradicts_itself(form: ConditionalForm) -> None:
    """A model's mood that does not ask the question leaves it empty; one that does comes with a model's answer."""
    certified(form, max_error=0.3)
    facts = released(form)
    by_model = [task for task in facts.tasks if not task.annotators]
    assert by_model
    for task in by_model:
        asked = task.labels["mood"].value == Choice(ASKED)
        assert ("child" in task.labels) is asked
        assert asked or task.missing["child"] == NOT_ASKED
        assert all(one.source is Source.MODEL for one in task.labels.values())
    for task in facts.tasks:
        if task.annotators:
            assert {name: one.value for name, one in task.labels.items()} == {
                name: said
                for name, said in row(task.task_id).items()
                if said is not Unanswered.NOT_ASKED and name in task.labels
            }
    assert {"child" in task.labels for task in by_model} == {True, False}
    card = release_files(facts, (Format.CSV,))["README.md"].decode()
    assert "`mood`, `child` holds of all of them at once" in card
    assert "30.0% of the labels (none counts as one, where it is not asked) in this data set differ" in card
    record = facts.release
    page = json.loads(form.book.artifacts.read(record.artifact, SUMMARY_FILE))
    child = page["fields"][1]
    assert child["tasks"] + child["left_out"] == 300
    assert child["error_at_most"] == pytest.approx(0.3 * certificates_pool(form) / 300)


def certificates_pool(form: ConditionalForm) -> int:
    """Return how many tasks the newest attempt was drawn from."""
    shared = form.view.state.shared_attempt
    assert shared is not None
    return shared.draw.pool


def test_a_question_that_stands_before_the_one_it_depends_on_is_certified_and_released_alike(tmp_path: Path) -> None:
    """The order of the controls is the lead's; the models' is that of the conditions."""
    form = ConditionalForm(tmp_path, replace(CHILD, inputs=("text", "answer")), FIELD)
    certified(form, max_error=0.3)
    assert [one.granted for one in certificates(form).values()] == [True, True]
    facts = released(form)
    by_model = [task for task in facts.tasks if not task.annotators]
    assert {"child" in task.labels for task in by_model} == {True, False}
    assert all(("child" in one.labels) is (one.labels["mood"].value == Choice(ASKED)) for one in by_model)


def test_no_task_waits_for_a_conditional_field_that_both_models_are_sure_of(form: ConditionalForm) -> None:
    """A task waits where either is not: for the row of the second, the less certain of both counts."""
    certified(form, max_error=0.3)
    predicted(form)
    waiting, found = set(form.view.state.waiting), certificates(form)
    for parts in release_parts(*form.view.now()):
        mood, child = parts
        for id_, said in child.answers.items():
            assert said.margin <= mood.answers[id_].margin
            assert said.margin >= found["child"].threshold or id_ in waiting or id_ in form.view.state.tasks.annotators


def test_a_conditional_field_that_is_refused_is_answered_by_people_where_it_is_asked(form: ConditionalForm) -> None:
    """By the labels that the others have: where the model's mood does not ask the question, the task is done."""
    attempt(form, max_error=0.3)
    form.say(form.of(Role.CERTIFY))
    certify_all(form, refused=("child",))
    share = model_share(*form.view.now(), context=MODELS)
    assert 0 < share < 1
    joint, alone = (
        joint_preview(*form.view.now(), share),
        preview(form.book, form.view.state.focused("child"), people_only=False),
    )
    predicted(form)
    assert 0.5 < alone.waiting / len(set(form.view.state.waiting)) < 2
    facts = released(form)
    by_model = [task for task in facts.tasks if not task.annotators]
    assert by_model
    assert all(task.missing["child"] == NOT_ASKED for task in by_model)
    assert all(row.source is Source.PEOPLE for one in facts.fields[1:] for row in one.rows)
    assert abs(facts.release.by_model - joint.by_model) <= 40


def test_a_copy_whose_parent_people_labelled_otherwise_goes_to_a_person(tmp_path: Path) -> None:
    """The mood of a text that people have labelled is theirs; what the model says beside its own does not stand."""
    form = ConditionalForm(tmp_path)
    certified(form, max_error=0.3)
    predicted(form)
    ours = next(
        id_
        for mood, child in release_parts(*form.view.now())
        for id_, said in child.finished.labels.items()
        if said.source is Source.MODEL
    )
    (before,) = list(release_parts(*form.view.now()))
    assert before[1].finished.says(ours) is not None
    other = next(task for task in form.untouched(2) if task != ours)
    copied = replace(form.states[other], task=replace(form.states[ours].task, id=other))
    form.states[other] = copied
    form.view.mirror.put([copied])
    form.say_all(other, 4, {"mood": Choice("odd"), "child": None})
    (after,) = list(release_parts(*form.view.now()))
    assert after[0].finished.says(ours) == Choice("odd")
    assert ours in after[1].finished.waiting


def test_a_condition_that_changes_after_the_draw_ends_what_was_promised_under_it(form: ConditionalForm) -> None:
    """People are asked about the question wherever the labels now ask for it; the other certificate holds."""
    certified(form, max_error=0.3)
    predicted(form)
    before = set(form.view.state.waiting)
    form.clock = datetime.now(UTC)
    form.change_fields(FIELD, replace(CHILD, condition=Condition((Requirement(("mood",), (ASKED, "bad")),))))
    assert set(form.view.state.waiting) > before
    (parts,) = list(release_parts(*form.view.now()))
    mood, child = parts
    assert not any(one.source is Source.MODEL for one in child.finished.labels.values())
    assert any(one.source is Source.MODEL for one in mood.finished.labels.values())
    status = certificate_status(form.book, form.view.state.focused("child"))
    assert status
    assert (status.granted, status.reason) == (False, NO_LONGER)
    for task in form.view.state.waiting:
        form.say_all(task, 3, {"mood": Choice(truth(task)), "child": Choice("no")})
    write(*form.view.now())
    facts = read_released(*form.view.now())
    assert isinstance(facts, FormFacts)
    of_mood, of_child = release_files(facts, (Format.CSV,))["README.md"].decode().split("## child")
    assert "**Certificate 1:** at most 30.0%" in of_mood
    assert "`child`" not in of_mood.partition("What is promised")[2]
    assert "**Certificate 1:** holds no longer" in of_child
    page = json.loads(form.book.artifacts.read(facts.release.artifact, SUMMARY_FILE))
    assert [one["max_error"] for one in page["fields"]] == [0.3, None]


def test_a_conditional_field_without_a_model_is_answered_by_people_where_it_is_asked(form: ConditionalForm) -> None:
    """It is no part of the attempt; its answers are wanted, as no other way to get them is left."""
    form.change_fields(FIELD, CHILD, replace(GRANDCHILD, kind=FieldKind.TEXT, labels=()))
    certified(form, max_error=0.3)
    predicted(form)
    (parts,) = list(release_parts(*form.view.now()))
    _, child, why = parts
    asked = {
        id_
        for id_, said in child.finished.labels.items()
        if said.source is Source.MODEL and said.value == Choice("yes")
    }
    assert asked
    assert asked <= set(why.finished.waiting)
    assert certify(form.book, form.view.state.focused("child"), context=MODELS).granted
    assert truth(3) == ASKED
    assert answers(3)["child"] == Choice("yes")
