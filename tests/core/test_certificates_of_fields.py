"""Certificates of several fields: one attempt for all, a promise for each, and what becomes of a field without one."""

import json
from pathlib import Path

import pytest

from labelloop.domain.certification import Attempt
from labelloop.domain.next_step import Phase, Step, next_step
from labelloop.domain.records import Certificate, CertifyDraw, ReleaseChunk
from labelloop.domain.tasks import Role
from labelloop.domain.values import Choice
from labelloop.errors import UserError
from labelloop.state.load import load
from labelloop.state.progress import progress
from labelloop.steps.certify import CERTIFICATE_FILE, abandon_attempt, certificate_is_due, certify
from labelloop.steps.release import order_release
from labelloop.stores.book import Book
from labelloop.stores.ledger import Ledger, open_engine
from labelloop.stores.rebuild import rebuild
from tests.core.certified_form import attempt, certified, certify_all, predicted, say_otherwise, with_models
from tests.core.form import REPLY, TOPICS, Form, reply
from tests.core.made_up import FIELD, MODELS

pytestmark = pytest.mark.slow


@pytest.fixture
def form(tmp_path: Path) -> Form:
    """Yield a form of two fields, each with a model."""
    return with_models(tmp_path, FIELD, REPLY)


def found(form: Form) -> dict[str, Attempt]:
    """Return the newest attempt by field."""
    return {one.field.name: one.attempt for one in form.view.state.attempted if one.attempt}


def test_one_attempt_is_about_every_field_on_the_same_tasks(form: Form) -> None:
    """Each field has a draw of the same tasks and may fail with its share of delta; the project is frozen once."""
    drawn = attempt(form)
    attempts = found(form)
    assert list(attempts) == ["mood", "reply"]
    assert {(one.draw.number, one.draw.n, one.draw.delta) for one in attempts.values()} == {(1, 80, 0.025)}
    assert [one.draw.version for one in attempts.values()] == ["v1", "v2"]
    assert drawn == attempts["mood"].draw
    assert len(form.of(Role.CERTIFY)) == 80
    assert form.view.state.phase is Phase.CERTIFY
    with pytest.raises(UserError, match=r"to certify v1\+v2 is open"):
        attempt(form)


def test_the_least_number_of_tasks_grows_with_the_fields(form: Form) -> None:
    """Each of two fields may fail in one of forty cases: 36 tasks prove an error of a tenth, where 29 do for one."""
    with pytest.raises(UserError, match="it takes 36"):
        attempt(form, n=35)


def test_each_field_gets_a_certificate_that_names_the_promise_of_all(form: Form) -> None:
    """A worker that is killed between two of them makes the other one later: the attempt stays open till then."""
    attempt(form)
    form.say(form.of(Role.CERTIFY))
    assert certificate_is_due(form.view.state)
    first, second = form.view.state.attempted
    certify(form.book, first, context=MODELS)
    assert certificate_is_due(form.view.state), "the project is frozen until the last field is decided on"
    assert len(form.of(Role.CERTIFY)) == 80
    certify(form.book, second, context=MODELS)
    assert form.view.state.phase is Phase.ROUNDS
    for name, one in found(form).items():
        assert one.certificate is not None
        assert one.certificate.granted
        page = json.loads(form.book.artifacts.read(one.certificate.artifact, CERTIFICATE_FILE))
        assert (page["field"], page["version"], page["delta"]) == (name, one.draw.version, 0.025)
        assert page["together"] == {"fields": ["mood", "reply"], "delta": 0.05}
        assert "holds of all at once with probability 95.00% or more" in page["promise"]
    assert len(form.of(Role.CERTIFY)) == 80, "the tasks stay apart until the release"


def test_an_attempt_is_spent_once_whatever_the_number_of_its_fields(form: Form) -> None:
    """The next has half of the probability to fail, shared by its fields; with nothing judged it has all of it."""
    attempt(form)
    ended = abandon_attempt(*form.view.now())
    assert (ended.delta, ended.reason) == (0.0, "abandoned by command, with nothing labelled")
    assert form.view.state.phase is Phase.ROUNDS
    assert form.of(Role.CERTIFY) == []
    assert attempt(form).delta == 0.025
    form.say(form.of(Role.CERTIFY)[:1])
    abandon_attempt(*form.view.now())
    assert form.view.state.attempts_spent == 1
    assert attempt(form, n=100).delta == 0.0125


def test_people_who_leave_a_field_blank_count_against_its_model(form: Form) -> None:
    """What is not known never makes a promise easier; the certificate of the other field is as it would be without."""
    attempt(form)
    form.say(form.of(Role.CERTIFY), leave_out=("reply",))
    certify_all(form)
    attempts = found(form)
    assert attempts["mood"].certificate is not None
    assert attempts["mood"].certificate.granted
    assert attempts["mood"].certificate.errors < 20
    assert attempts["reply"].certificate is not None
    assert attempts["reply"].certificate.errors == 80


def test_where_no_field_is_granted_its_tasks_are_learned_from(form: Form) -> None:
    """Then there is nothing to release under, and the reason is told for each field."""
    attempt(form)
    form.say(form.of(Role.CERTIFY))
    certify_all(form, refused=("reply", "mood"))
    assert form.of(Role.CERTIFY) == []
    with pytest.raises(UserError, match="was not granted: mood: people say otherwise; reply: people say otherwise"):
        order_release(*form.view.now())


def test_the_ledger_is_rebuilt_with_the_attempt_of_each_field(form: Form, tmp_path: Path) -> None:
    """From the manifests, which name the field where there are several."""
    certified(form)
    predicted(form)
    view = form.view
    again = Ledger(open_engine(f"sqlite:///{tmp_path / 'again.sqlite'}"))
    done = rebuild(form.book.artifacts, again)
    assert (done.rejected, done.damaged) == ((), ())
    for kind in (CertifyDraw, Certificate, ReleaseChunk):
        assert again.all(kind, view.id) == view.ledger.all(kind, view.id)
    assert again.certify_tasks(view.id) == view.ledger.certify_tasks(view.id)
    assert load(Book(again, form.book.artifacts), view.id).attempts == view.state.attempts


def test_a_field_without_a_model_or_under_a_condition_is_left_out(tmp_path: Path) -> None:
    """Whoever fills in nothing has nothing certified, and delta is not shared with it."""
    form = with_models(tmp_path, FIELD, TOPICS, REPLY, tasks=200)
    form.change_fields(FIELD, TOPICS, FIELD.__class__("new", FIELD.kind, ("a", "b"), "text", ("text",)))
    assert attempt(form, n=60).delta == 0.025
    assert list(found(form)) == ["mood", "主题"]


def test_each_field_answers_the_pool_by_itself(form: Form) -> None:
    """Its chunks are due until each is there, whichever worker does them."""
    certified(form)
    order_release(*form.view.now())
    state = form.view.state
    assert state.missing_chunks == [("mood", 0), ("reply", 0)]
    assert next_step(progress(state)) is Step.PREDICT
    predicted(form)
    assert form.view.state.missing_chunks == []
    assert [one.field for one in form.view.ledger.all(ReleaseChunk, form.view.id)] == ["mood", "reply"]


def test_people_who_say_otherwise_of_one_field_leave_the_others_certificate_as_it_is(form: Form) -> None:
    """A task counts for each field by itself."""
    attempt(form)
    drawn = form.of(Role.CERTIFY)
    for task in drawn[:40]:
        say_otherwise(form, [task], reply=Choice("no" if reply(task) == Choice("yes") else "yes"))
    form.say(drawn[40:])
    certify_all(form)
    errors = {name: one.certificate.errors for name, one in found(form).items() if one.certificate}
    assert errors["reply"] >= 30
    assert errors["mood"] < 20
