"""Closing rounds and fitting, step after step, on a made-up project with the mirror filled by hand."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from labelloop.domain.next_step import Step
from labelloop.domain.records import ClosedRound, Deployment, Evaluation, Fit
from labelloop.domain.tasks import Role, Task
from labelloop.domain.values import Choice, FieldKind
from labelloop.errors import BrokenPromise
from labelloop.learners.base import Classifier
from labelloop.steps.close_round import close_round
from labelloop.steps.deploy import decide_round
from labelloop.steps.evaluate import agreement_by_task, evaluate
from labelloop.steps.fit import fit
from labelloop.steps.give_verdict import give_verdict
from labelloop.steps.model_store import load_model
from labelloop.steps.order_queue import order_queue
from labelloop.steps.training_examples import training_examples
from labelloop.stores.judgement_files import JUDGEMENTS
from tests.core.made_up import ENCODE, FIELD, MODELS, RULES, Make, choices, due, publish, text, truth, turn
from tests.core.opened_project import OpenedProject


def test_two_rounds_of_the_loop(make: Make) -> None:
    """Order, judge, close, fit, measure, deploy, publish; and again, with everything recorded beside what it is of."""
    world = make()
    view = world.view
    assert due(view) is Step.PUBLISH
    first = publish(view)
    assert (first.publication.name, due(view)) == ("v0", None)
    world.judge([i.task_id for i in first.items if i.task_id not in world.of(Role.MONITOR)][:10])
    world.judge_audit()
    one = close_round(*view.now())
    assert one is not None
    assert (one.number, one.train, one.new_train, one.audit, one.annotations) == (1, 10, 10, 20, 50)
    assert one.reason == "10 new labels, 10 needed"
    assert turn(view).reason == "the first model"
    world.judge(world.untouched(30), person=3)
    two = close_round(*view.now())
    assert two is not None
    assert (two.number, two.train, two.new_train) == (2, 40, 30)
    turn(view)
    ledger = view.ledger
    assert ledger.versions(view.id) == ["v1", "v2"]
    assert [e.version for e in ledger.all(Evaluation, view.id)] == ["v1", "v1", "v2"]
    newest = ledger.all(Evaluation, view.id)[-1]
    assert newest.n == 20
    assert newest.agreement is not None
    assert newest.agreement > 0.8
    assert newest.human_agreement == 1.0
    assert newest.agreement_low is not None
    assert newest.agreement_high is not None
    assert newest.agreement_low <= newest.agreement <= newest.agreement_high
    fits = ledger.all(Fit, view.id)
    assert view.book.artifacts.manifest(fits[1].artifact)["parents"] == [two.artifact]
    assert view.book.artifacts.manifest(two.artifact)["parents"] == [one.artifact]
    assert len(agreement_by_task(view.book, newest)) == 20


def test_a_round_closes_when_due_and_not_before(make: Make) -> None:
    """The tenth new TRAIN label closes it; audit labels, skips and ties do not count."""
    world = make()
    view = world.view
    train = world.of(Role.TRAIN)
    world.judge(train[:9])
    world.judge_audit()
    world.judge(train[20:21], skipped=True)
    world.judge(train[21:22], 1, "good")
    world.judge(train[21:22], 2, "bad")
    assert close_round(*view.now()) is None
    world.judge(train[9:10])
    assert close_round(*view.now()) is not None
    assert close_round(*view.now()) is None
    assert close_round(*view.now(), asked=True) is None
    world.judge(train[:9], person=2)
    assert close_round(*view.now()) is None, "labels that had settled before are not new"


def test_a_round_is_closed_at_once_when_asked(make: Make) -> None:
    """One new judgement is enough; none is not, and audit tasks alone teach nothing."""
    world = make()
    view = world.view
    assert close_round(*view.now(), asked=True) is None
    world.judge_audit()
    assert close_round(*view.now(), asked=True) is None
    world.judge(world.of(Role.TRAIN)[:1])
    closed = close_round(*view.now(), asked=True)
    assert closed is not None
    assert closed.reason == "asked for"
    assert close_round(*view.now(), asked=True) is None
    world.judge(world.of(Role.TRAIN)[:1], value="odd")
    assert close_round(*view.now(), asked=True) is not None, "a changed mind is new"


def test_two_workers_close_one_round(make: Make) -> None:
    """Both return the winner's; the ledger holds one, and what the other wrote is an orphan."""
    world = make()
    world.judge(world.of(Role.TRAIN)[:12])
    start = Barrier(2)

    def close(_: int) -> ClosedRound | None:
        view = OpenedProject(world.book, world.view.id)
        start.wait()
        return close_round(*view.now())

    with ThreadPoolExecutor(2) as workers:
        one, other = workers.map(close, range(2))
    found = [closed for closed in (one, other) if closed]
    assert world.view.ledger.all(ClosedRound, 7) == [found[0]]
    assert all(closed == found[0] for closed in found)
    world.book.artifacts.read(found[0].artifact, JUDGEMENTS)


def test_a_closed_round_is_frozen(make: Make) -> None:
    """Later judgements, deletions and edits change nothing in it; its files are where the ledger says."""
    world = make()
    view = world.view
    train = world.of(Role.TRAIN)
    world.judge(train[:10])
    closed = close_round(*view.now())
    assert closed is not None
    before = view.round(1)
    world.judge(train[:5], value="odd")
    view.mirror.forget(train[5:8])
    world.add([Task(train[8], "edited")])
    assert view.round(1) == before
    content = view.book.artifacts.read(closed.artifact, "data_labeled_1.csv").decode()
    rows = list(csv.DictReader(io.StringIO(content)))
    assert {row["input_text"]: row["label"] for row in rows} == {text(task): truth(task) for task in train[:10]}
    assert view.round(9) is None


def test_a_removed_label_closes_a_round_without_it(make: Make) -> None:
    """A changed configuration is a reason of its own; the model learns only what is still allowed."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:30])
    world.judge_audit()
    assert close_round(*view.now())
    turn(view)
    world.change_field(replace(FIELD, labels=("good", "bad")))
    closed = close_round(*view.now())
    assert closed is not None
    assert closed.reason == "the labelling configuration changed"
    assert closed.new_train == 0
    assert 0 < closed.train < 30
    turn(view)
    now = view.round(2)
    assert now is not None
    assert {str(t.consensus.value) for t in now.tasks} == {"good", "bad"}
    model = load_model(view.book, view.ledger.version(7, "v2"), context=MODELS)
    assert isinstance(model, Classifier)
    assert model.labels == ("good", "bad")
    assert close_round(*view.now()) is None


def test_a_label_that_is_no_longer_allowed_is_not_shown(make: Make) -> None:
    """Until a model has learned the new configuration, its answers of old labels are left to people."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:30])
    assert close_round(*view.now())
    turn(view)
    world.change_field(replace(FIELD, labels=("good", "bad")))
    head = order_queue(*view.now(), context=MODELS)
    assert head is not None
    shown = {str(item.prediction.value) for item in head.items if item.prediction}
    assert shown == {"good", "bad"}
    assert any(i.prediction is None and i.task_id in world.of(Role.TRAIN) for i in head.items)


def test_one_choice_that_becomes_several_starts_over(make: Make) -> None:
    """Values of the old kind no longer fit: nothing can be learned until people have judged anew."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:30])
    assert close_round(*view.now())
    turn(view)
    world.change_field(replace(FIELD, kind=FieldKind.CHOICES))
    assert close_round(*view.now(), asked=True) is None
    for task in world.untouched(10):
        world.judge([task], value=choices(truth(task)))
    assert close_round(*view.now())
    fit(*view.now(), 2, context=MODELS)
    assert view.ledger.newest(Fit, 7, round_number=2, failure="") is not None


def test_fitting_twice_adds_nothing(make: Make) -> None:
    """The ledger is asked first; a round that does not exist is a broken promise."""
    world = make()
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(*world.view.now())
    assert fit(*world.view.now(), 1, context=MODELS) == fit(*world.view.now(), 1, context=MODELS)
    assert len(world.view.ledger.all(Fit, 7)) == 1
    with pytest.raises(BrokenPromise, match="never closed"):
        fit(*world.view.now(), 2, context=MODELS)


def test_one_label_only_gives_a_model_that_always_says_it(make: Make) -> None:
    """The loop goes on: people see that answer and correct it."""
    world = make()
    world.judge(world.of(Role.TRAIN)[:12], value="bad")
    close_round(*world.view.now())
    turn(world.view)
    head = order_queue(*world.view.now(), context=MODELS)
    assert head is not None
    assert {i.prediction.value for i in head.items if i.prediction} == {Choice("bad")}


def test_a_learner_that_cannot_learn_is_recorded_with_the_reason(make: Make) -> None:
    """Its failure is a sentence; the other learner goes on, and the round counts as fitted."""
    world = make(RULES.model_copy(update={"learners": ("linear", "nosuch")}))
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(*view.now())
    one, other = fit(*view.now(), 1, context=MODELS)
    assert (one.learner, one.version, one.failure) == ("linear", "v1", "")
    assert (other.learner, other.version) == ("nosuch", "")
    assert other.failure.startswith("There is no learner named nosuch; choose one of: ")
    assert due(view) is Step.EVALUATE


def test_a_round_nothing_can_be_learned_from_leaves_the_queue_as_it_is(make: Make) -> None:
    """No allowed label is left: the failure says so, nothing is deployed, people go on."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12], value="odd")
    close_round(*view.now())
    world.change_field(replace(FIELD, labels=("good", "bad")))
    (failed,) = fit(*view.now(), 1, context=MODELS)
    assert (failed.version, failed.failure) == ("", "Round 1 holds no settled label to learn from.")
    assert evaluate(*view.now(), 1, context=MODELS) == []
    decision = decide_round(*view.now(), 1)
    assert (decision.winner, decision.reason) == ("", "no learner could be fitted to this round")
    assert view.ledger.all(Deployment, 7) == []
    assert publish(view).publication.name == "v0"
    assert "no model" in give_verdict(*view.now(), 1).reason
    assert due(view) is None


def test_near_copies_of_audit_tasks_are_not_learned_from(make: Make) -> None:
    """A text almost equal to an audit task's would make the audit too kind."""
    world = make()
    copied = world.of(Role.MONITOR)[0]
    world.add([Task(500, f"{text(copied)}  {text(copied)}")])
    assert 500 in world.of(Role.TRAIN)
    world.judge([500], value="odd")
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(*world.view.now())
    closed = world.view.round(1)
    assert closed is not None
    learned = {e.task_id for e in training_examples(*world.view.now(), closed, encode=ENCODE)}
    assert learned == set(world.of(Role.TRAIN)[:12])


def test_a_crash_while_fitting_leaves_nothing_and_is_made_good(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is nobody's wish is raised, not recorded; running again fits."""
    world = make()
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(*world.view.now())

    def crash(_: str) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr("labelloop.steps.fit.learner", crash)
        with pytest.raises(MemoryError):
            fit(*world.view.now(), 1, context=MODELS)
    assert world.view.ledger.all(Fit, 7) == []
    assert [f.version for f in fit(*world.view.now(), 1, context=MODELS)] == ["v1"]
