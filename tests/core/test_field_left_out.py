"""An attempt that a field is left out of, and the release under it: what people said of the field stands alone."""

from pathlib import Path

import pytest

from labelloop.domain.records import CertifyDraw
from labelloop.domain.release_labels import UNLABELLED
from labelloop.domain.release_row import Source
from labelloop.domain.tasks import Role
from labelloop.errors import NotFound, UserError
from labelloop.export.form_facts import FormFacts, read_released
from labelloop.steps.certify import start_attempt
from labelloop.steps.certify_fields import certify_fields
from labelloop.steps.release import release_is_due, write
from tests.core.certified_form import attempt, certify_all, predicted, with_models
from tests.core.form import REPLY, Form
from tests.core.made_up import FIELD, MODELS
from tests.core.test_release_of_certified_fields import CHILD, NOTE
from workers.admin.joint_preview import JointPreview, joint_preview, model_share
from workers.admin.release_preview import preview

pytestmark = pytest.mark.slow


@pytest.fixture
def form(tmp_path: Path) -> Form:
    """Yield a form of two fields, each with a model."""
    return with_models(tmp_path, FIELD, REPLY)


def attempt_without(form: Form, *names: str) -> CertifyDraw:
    """Draw CERTIFY tasks for all fields but these."""
    return start_attempt(*form.view.now(), max_error=0.1, confidence=0.95, n=80, without=names)


def previewed(form: Form) -> JointPreview:
    """Return what a release would hold by tasks."""
    return joint_preview(*form.view.now(), model_share(*form.view.now(), context=MODELS))


def test_a_field_that_is_left_out_has_what_people_said_and_keeps_nobody_waiting(form: Form) -> None:
    """It has no certificate, and the other one all the probability to fail; the next attempt is about both again."""
    assert attempt_without(form, "reply").delta == 0.05
    assert [one.field.name for one in form.view.state.attempted] == ["mood"]
    form.say(form.of(Role.CERTIFY))
    certify_all(form)
    predicted(form)
    form.say(form.view.state.waiting, person=3)
    assert release_is_due(form.view.state)
    record = write(*form.view.now())
    assert (record.version, record.tasks) == ("v1", 300)
    assert record.by_model > 0
    facts = read_released(*form.view.now())
    assert isinstance(facts, FormFacts)
    assert facts.left_out["reply"][UNLABELLED] == record.by_model
    for task in facts.tasks:
        ours = task.labels["mood"].source is Source.MODEL
        assert task.labels.keys() == ({"mood"} if ours else {"mood", "reply"})
    assert [one.field.name for one in certify_fields(form.view.state)] == ["mood", "reply"]


def test_a_name_that_leaves_nothing_out_is_refused_with_the_reason(form: Form) -> None:
    """A slip of the pen would certify what was meant to be left out."""
    with pytest.raises(
        NotFound, match=r"no field 'moo' to leave out \(did you mean mood\?\); it can certify: mood, reply"
    ):
        attempt_without(form, "moo")
    with pytest.raises(UserError, match="Every field of project 7 that has a model is left out"):
        attempt_without(form, "mood", "reply")
    form.change_fields(FIELD, REPLY, NOTE, CHILD)
    with pytest.raises(UserError, match="note needs no --without, it is not certified: it has no model"):
        attempt_without(form, "note")
    with pytest.raises(UserError, match="child needs no --without, it is not certified: it has no model: people"):
        attempt_without(form, "child")
    assert form.view.state.attempt is None


def test_before_a_release_of_several_fields_its_tasks_are_counted_once(form: Form) -> None:
    """Estimated on the tasks drawn; the release itself then has about as many."""
    attempt(form)
    form.say(form.of(Role.CERTIFY))
    certify_all(form)
    found = previewed(form)
    assert found.by_model + found.by_people == 300
    assert (found.mixed, found.left) == (0, 0)
    assert (
        0
        < found.by_model
        <= min(preview(form.book, one, people_only=False).by_model for one in form.view.state.by_field)
    )
    alone = joint_preview(*form.view.now(), None)
    assert (alone.by_model, alone.mixed) == (0, 0)
    assert alone.by_people == len(form.view.state.tasks.annotators) == 300 - alone.left
    predicted(form)
    form.say(form.view.state.waiting, person=3)
    record = write(*form.view.now())
    assert abs(record.by_model - found.by_model) <= 30


def test_a_refused_field_leaves_no_task_to_the_models(form: Form) -> None:
    """People are asked about every task that is left."""
    attempt(form)
    form.say(form.of(Role.CERTIFY))
    certify_all(form, refused=("reply",))
    found = previewed(form)
    assert (found.by_model, found.by_people) == (0, 300)
