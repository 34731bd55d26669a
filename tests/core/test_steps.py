"""The steps, one after the other, on a made-up project: whole rounds with the mirror filled by hand."""

import csv
import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from labelloop.domain.loop import Step, next_step
from labelloop.domain.records import ClosedRound, Decision, Deployment, Evaluation, Fit, Publication
from labelloop.domain.tasks import Origin, Role, Task
from labelloop.domain.values import Choice, FieldKind
from labelloop.errors import BrokenPromise, NotConnected, NotFound
from labelloop.rules import Rules
from labelloop.steps import evaluate as evaluate_module
from labelloop.steps.close_round import close_round
from labelloop.steps.deploy import decide_round, deploy, previous_version
from labelloop.steps.evaluate import agreement_by_task, evaluate
from labelloop.steps.fit import fit, training_examples
from labelloop.steps.models import load_model
from labelloop.steps.order import QueueHead, order_queue, record_publication
from labelloop.steps.project import ProjectView
from labelloop.stores.round_files import JUDGEMENTS
from labelloop.testing import BagOfWords
from tests.core.made_up import FIELD, LABELS, MadeUp, choices, text, truth

ENCODE = BagOfWords()
RULES = Rules(round_size=10, monitor_size=20, queue_rounds=2)

Make = Callable[..., MadeUp]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make a project with these Rules and tasks 1 to n."""
    made: list[MadeUp] = []

    def build(rules: Rules = RULES, tasks: int = 120, **more: object) -> MadeUp:
        made.append(MadeUp(tmp_path, rules, **more))  # type: ignore[arg-type]
        made[-1].add(range(1, tasks + 1))
        return made[-1]

    yield build
    for world in made:
        world.book.ledger.engine.dispose()


def due(view: ProjectView) -> Step | None:
    return next_step(view.progress())


def publish(view: ProjectView) -> QueueHead:
    head = order_queue(view, encode=ENCODE)
    assert head is not None
    assert record_publication(view, head)
    return head


def turn(view: ProjectView) -> Decision:
    """Fit, evaluate, decide and publish the newest round, as the jobs do."""
    last = view.last_round
    assert last is not None
    number = last.number
    assert due(view) is Step.FIT
    fit(view, number, encode=ENCODE)
    assert due(view) is Step.EVALUATE
    evaluate(view, number, encode=ENCODE)
    assert due(view) is Step.DEPLOY
    decision = decide_round(view, number)
    assert due(view) is Step.PUBLISH
    publish(view)
    assert due(view) is None
    return decision


def wrong(task: int) -> str:
    return LABELS[(task + 1) % 3]


def test_two_rounds_of_the_loop(make: Make) -> None:
    """Order, judge, close, fit, measure, deploy, publish; and again, with everything recorded beside what it is of."""
    world = make()
    view = world.view
    assert due(view) is Step.PUBLISH
    first = publish(view)
    assert (first.publication.name, due(view)) == ("v0", None)
    world.judge([i.task_id for i in first.items if i.task_id not in world.of(Role.MONITOR)][:10])
    world.judge_audit()
    one = close_round(view)
    assert one is not None
    assert (one.number, one.train, one.new_train, one.audit, one.annotations) == (1, 10, 10, 20, 50)
    assert one.because == "10 new labels, 10 needed"
    assert turn(view).because == "the first model"
    world.judge(world.untouched(30), person=3)
    two = close_round(view)
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
    assert close_round(view) is None
    world.judge(train[9:10])
    assert close_round(view) is not None
    assert close_round(view) is None
    assert close_round(view, asked=True) is None
    world.judge(train[:9], person=2)
    assert close_round(view) is None, "labels that had settled before are not new"


def test_a_round_is_closed_at_once_when_asked(make: Make) -> None:
    """One new judgement is enough; none is not, and audit tasks alone teach nothing."""
    world = make()
    view = world.view
    assert close_round(view, asked=True) is None
    world.judge_audit()
    assert close_round(view, asked=True) is None
    world.judge(world.of(Role.TRAIN)[:1])
    closed = close_round(view, asked=True)
    assert closed is not None
    assert closed.because == "asked for"
    assert close_round(view, asked=True) is None
    world.judge(world.of(Role.TRAIN)[:1], value="odd")
    assert close_round(view, asked=True) is not None, "a changed mind is new"


def test_two_workers_close_one_round(make: Make) -> None:
    """Both return the winner's; the ledger holds one, and what the other wrote is an orphan."""
    world = make()
    world.judge(world.of(Role.TRAIN)[:12])
    start = Barrier(2)

    def close(_: int) -> ClosedRound | None:
        view = ProjectView(world.book, world.view.id)
        start.wait()
        return close_round(view)

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
    closed = close_round(view)
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
    assert close_round(view)
    turn(view)
    world.change_field(replace(FIELD, labels=("good", "bad")))
    closed = close_round(view)
    assert closed is not None
    assert closed.because == "the labelling configuration changed"
    assert closed.new_train == 0
    assert 0 < closed.train < 30
    turn(view)
    now = view.round(2)
    assert now is not None
    assert {str(t.consensus.value) for t in now.tasks} == {"good", "bad"}
    assert load_model(view.book, view.ledger.version(7, "v2"), encode=ENCODE).labels == ("good", "bad")
    assert close_round(view) is None


def test_a_label_that_is_no_longer_allowed_is_not_shown(make: Make) -> None:
    """Until a model has learned the new configuration, its answers of old labels are left to people."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:30])
    assert close_round(view)
    turn(view)
    world.change_field(replace(FIELD, labels=("good", "bad")))
    head = order_queue(view, encode=ENCODE)
    assert head is not None
    shown = {str(item.prediction.value) for item in head.items if item.prediction}
    assert shown == {"good", "bad"}
    assert any(i.prediction is None and i.task_id in world.of(Role.TRAIN) for i in head.items)


def test_one_choice_that_becomes_several_starts_over(make: Make) -> None:
    """Values of the old kind no longer fit: nothing can be learned until people have judged anew."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:30])
    assert close_round(view)
    turn(view)
    world.change_field(replace(FIELD, kind=FieldKind.CHOICES))
    assert close_round(view, asked=True) is None
    for task in world.untouched(10):
        world.judge([task], value=choices(truth(task)))
    assert close_round(view)
    fit(view, 2, encode=ENCODE)
    assert view.ledger.newest(Fit, 7, round_number=2, failure="") is not None


# Fit


def test_fitting_twice_adds_nothing(make: Make) -> None:
    """The ledger is asked first; a round that does not exist is a broken promise."""
    world = make()
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(world.view)
    assert fit(world.view, 1, encode=ENCODE) == fit(world.view, 1, encode=ENCODE)
    assert len(world.view.ledger.all(Fit, 7)) == 1
    with pytest.raises(BrokenPromise, match="never closed"):
        fit(world.view, 2, encode=ENCODE)


def test_one_label_only_gives_a_model_that_always_says_it(make: Make) -> None:
    """The loop goes on: people see that answer and correct it."""
    world = make()
    world.judge(world.of(Role.TRAIN)[:12], value="bad")
    close_round(world.view)
    turn(world.view)
    head = order_queue(world.view, encode=ENCODE)
    assert head is not None
    assert {i.prediction.value for i in head.items if i.prediction} == {Choice("bad")}


def test_a_learner_that_cannot_learn_is_recorded_with_the_reason(make: Make) -> None:
    """Its failure is a sentence; the other learner goes on, and the round counts as fitted."""
    world = make(RULES.model_copy(update={"learners": ("linear", "nosuch")}))
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(view)
    one, other = fit(view, 1, encode=ENCODE)
    assert (one.learner, one.version, one.failure) == ("linear", "v1", "")
    assert (other.learner, other.version) == ("nosuch", "")
    assert other.failure.startswith("There is no learner named nosuch; choose one of: ")
    assert due(view) is Step.EVALUATE


def test_a_round_nothing_can_be_learned_from_leaves_the_queue_as_it_is(make: Make) -> None:
    """No allowed label is left: the failure says so, nothing is deployed, people go on."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12], value="odd")
    close_round(view)
    world.change_field(replace(FIELD, labels=("good", "bad")))
    (failed,) = fit(view, 1, encode=ENCODE)
    assert (failed.version, failed.failure) == ("", "Round 1 holds no settled label to learn from.")
    assert evaluate(view, 1, encode=ENCODE) == []
    decision = decide_round(view, 1)
    assert (decision.winner, decision.because) == ("", "no learner could be fitted to this round")
    assert view.ledger.all(Deployment, 7) == []
    assert publish(view).publication.name == "v0"
    assert due(view) is None


def test_near_copies_of_audit_tasks_are_not_learned_from(make: Make) -> None:
    """A text almost equal to an audit task's would make the audit too kind."""
    world = make()
    copied = world.of(Role.MONITOR)[0]
    world.add([Task(500, f"{text(copied)}  {text(copied)}")])
    assert 500 in world.of(Role.TRAIN)
    world.judge([500], value="odd")
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(world.view)
    closed = world.view.round(1)
    assert closed is not None
    learned = {e.task_id for e in training_examples(world.view, closed, encode=ENCODE)}
    assert learned == set(world.of(Role.TRAIN)[:12])


def test_a_crash_while_fitting_leaves_nothing_and_is_made_good(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is nobody's wish is raised, not recorded; running again fits."""
    world = make()
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(world.view)

    def crash(_: str) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr("labelloop.steps.fit.learner", crash)
        with pytest.raises(MemoryError):
            fit(world.view, 1, encode=ENCODE)
    assert world.view.ledger.all(Fit, 7) == []
    assert [f.version for f in fit(world.view, 1, encode=ENCODE)] == ["v1"]


# Evaluate and deploy


def test_evaluating_twice_adds_nothing(make: Make) -> None:
    """Champion and challenger are looked at once a round."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12])
    world.judge_audit()
    close_round(view)
    fit(view, 1, encode=ENCODE)
    once = evaluate(view, 1, encode=ENCODE)
    assert evaluate(view, 1, encode=ENCODE) == once == view.ledger.all(Evaluation, 7)
    with pytest.raises(BrokenPromise, match="never closed"):
        evaluate(view, 2, encode=ENCODE)


@pytest.mark.parametrize("people", [(), (1,)], ids=["nobody", "one person"])
def test_without_audited_tasks_figures_are_missing_and_the_newer_model_is_taken(
    make: Make, people: tuple[int, ...]
) -> None:
    """No figure is invented; with too few to compare, more labels win."""
    world = make()
    view = world.view
    world.judge_audit(people)
    for number in (1, 2):
        world.judge(world.untouched(12))
        close_round(view)
        turn(view)
        assert view.ledger.newest(Deployment, 7, version=f"v{number}")
    newest = view.ledger.newest(Evaluation, 7)
    assert newest is not None
    assert (newest.n, newest.agreement, newest.human_agreement, newest.accuracy) == (0, None, None, None)
    decision = view.ledger.newest(Decision, 7)
    assert decision is not None
    assert "only 0 audit tasks" in decision.because


def test_a_better_challenger_is_promoted_and_a_worse_one_is_not(make: Make) -> None:
    """Both reasons are stored with their figures; who loses stays a version one may deploy."""
    world = make()
    view = world.view
    world.judge_audit()
    for task in world.of(Role.TRAIN)[:30]:
        world.judge([task], value=wrong(task))
    close_round(view)
    turn(view)
    world.judge(world.of(Role.TRAIN)[:60])
    close_round(view)
    better = turn(view)
    assert (better.challenger, better.champion, better.winner) == ("v2", "v1", "v2")
    assert better.because.startswith("better by more than one standard error (+")
    for task in world.of(Role.TRAIN)[:75]:
        world.judge([task], value=wrong(task))
    assert close_round(view)
    worse = turn(view)
    assert (worse.challenger, worse.champion, worse.winner) == ("v3", "v2", "v2")
    assert worse.because.startswith("not better by more than one standard error (-")
    assert [d.version for d in view.ledger.all(Deployment, 7)] == ["v1", "v2"]
    assert [p.name for p in view.ledger.all(Publication, 7)] == ["v1", "v2", "v2.2"]
    deploy(view, "v3", because="by hand")
    assert view.ledger.deployed(7) == view.ledger.version(7, "v3")


def test_rolling_back_is_a_deployment_like_any_other(make: Make) -> None:
    """The version before serves again, at once and in the queue; running the decision again does not undo it."""
    world = make()
    view = world.view
    assert previous_version(view) is None
    for _ in range(2):
        world.judge(world.untouched(12))
        close_round(view)
        turn(view)
    assert previous_version(view) == "v1"
    deploy(view, "v1", because="rolled back")
    decide_round(view, 2)
    deployed = view.ledger.deployed(7)
    assert deployed is not None
    assert deployed.version == "v1"
    assert (previous_version(view), due(view)) == ("v2", Step.PUBLISH)
    assert publish(view).publication.name == "v1.2"
    assert view.ledger.published_name(7) == "v1.2"
    with pytest.raises(NotFound, match="v1, v2"):
        deploy(view, "v7", because="typo")


def test_a_crash_between_decision_and_deployment_is_made_good(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision alone is no step done: it is due until it has taken effect, and then taken once."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(view)
    fit(view, 1, encode=ENCODE)
    evaluate(view, 1, encode=ENCODE)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("labelloop.steps.deploy.deploy", killed)
        with pytest.raises(KeyboardInterrupt):
            decide_round(view, 1)
    assert due(view) is Step.DEPLOY
    for _ in range(2):
        decide_round(view, 1)
    assert [d.version for d in view.ledger.all(Deployment, 7)] == ["v1"]
    assert len(view.ledger.all(Decision, 7)) == 1


def test_a_champion_that_cannot_be_loaded_gives_way(make: Make) -> None:
    """Damaged files of an old model stop nothing: the next one takes its place, and the reason is kept."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(view)
    turn(view)
    artifact = view.ledger.version(7, "v1").artifact
    view.book.artifacts.fs.pipe_file(f"{view.book.artifacts.path(artifact)}/model/head.safetensors", b"rot")
    world.judge(world.untouched(12))
    close_round(view)
    assert turn(view).because == "v1 could not be evaluated"
    assert [e.version for e in view.ledger.all(Evaluation, 7, round_number=2)] == ["v2"]


def test_a_new_model_that_cannot_be_loaded_is_a_broken_promise(make: Make) -> None:
    """What was fitted a moment ago must be there."""
    world = make()
    view = world.view
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(view)
    (fitted,) = fit(view, 1, encode=ENCODE)
    view.book.artifacts.delete(fitted.artifact)
    with pytest.raises(BrokenPromise, match="restore it"):
        evaluate_module.evaluate(view, 1, encode=ENCODE)


# The queue


def test_the_head_of_the_queue(make: Make) -> None:
    """Audit tasks are blind and about as many as planned; scores rise; nobody's judged task is in it."""
    world = make(Rules(round_size=25, monitor_size=200, queue_rounds=5), tasks=900)
    view = world.view
    audit = set(world.of(Role.MONITOR))
    world.judge(world.of(Role.TRAIN)[:30])
    world.judge(world.of(Role.TRAIN)[30:33], skipped=True)
    world.judge(world.of(Role.TRAIN)[33:36], origin=Origin.IMPORTED)
    close_round(view)
    turn(view)
    head = order_queue(view, encode=ENCODE)
    assert head is not None
    ids = [item.task_id for item in head.items]
    train = [item for item in head.items if item.task_id not in audit]
    assert len(set(ids)) == len(ids)
    assert len(train) == 5 * 25
    assert 20 <= len(ids) - len(train) <= 32
    assert not set(ids) & set(world.of(Role.TRAIN)[:36])
    assert all((item.prediction is None) == (item.task_id in audit) for item in head.items)
    scores = [item.score for item in head.items]
    assert scores == sorted(set(scores))
    assert (scores[0], scores[-1] < 1) == (0.0, True)
    assert (head.publication.tasks, head.publication.blind) == (len(ids), len(ids) - len(train))
    assert head.publication.name == "v1.2"


def test_before_any_model_every_task_is_blind(make: Make) -> None:
    """v0 only orders the queue; its re-ordering is v0.2."""
    world = make()
    heads = [publish(world.view) for _ in range(3)]
    assert [head.publication.name for head in heads] == ["v0", "v0.2", "v0.3"]
    assert all(item.prediction is None for head in heads for item in head.items)
    assert heads[0].publication.version == ""


def test_without_pre_annotation_every_task_is_blind(make: Make) -> None:
    """The model still orders the queue."""
    world = make(RULES.model_copy(update={"pre_annotate": False}))
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(world.view)
    turn(world.view)
    head = order_queue(world.view, encode=ENCODE)
    assert head is not None
    assert all(item.prediction is None for item in head.items)
    assert (head.publication.version, head.publication.blind) == ("v1", len(head.items))


def test_two_workers_cannot_record_one_publication(make: Make) -> None:
    """The second is told that another was first."""
    world = make()
    one, other = (order_queue(world.view, encode=ENCODE) for _ in range(2))
    assert one is not None
    assert other is not None
    assert record_publication(world.view, one)
    assert not record_publication(world.view, other)


def test_audit_tasks_that_wait_for_their_second_person_come_first(make: Make) -> None:
    """A half-judged audit task is worth more than a new one; one with two people is done."""
    world = make(Rules(round_size=5, monitor_size=20, queue_rounds=2))
    audit = world.of(Role.MONITOR)
    world.judge(audit[:2], 1)
    world.judge(audit[2:4], 1)
    world.judge(audit[2:4], 2)
    head = order_queue(world.view, encode=ENCODE)
    assert head is not None
    queued = [item.task_id for item in head.items if item.task_id in audit]
    assert set(queued[:2]) == set(audit[:2])
    assert not set(queued) & set(audit[2:4])


def test_the_queue_is_filled_up_before_it_runs_dry(make: Make) -> None:
    """It is current while a round's worth of its TRAIN tasks waits; then it is re-ordered."""
    world = make()
    view = world.view
    head = publish(view)
    queued = [item.task_id for item in head.items if item.task_id in world.of(Role.TRAIN)]
    assert len(queued) == 20
    world.judge(queued[:10], skipped=True)
    assert due(view) is None
    world.judge(queued[10:11], skipped=True)
    assert due(view) is Step.PUBLISH
    assert publish(view).publication.name == "v0.2"
    assert due(view) is None


def test_the_last_tasks_are_all_queued_and_then_the_queue_rests(make: Make) -> None:
    """When the TRAIN tasks run out, no audit task is left behind; with nothing to judge nothing is published."""
    world = make(tasks=60)
    view = world.view
    publish(view)
    world.judge(world.untouched(40), skipped=True)
    assert due(view) is Step.PUBLISH
    rest = publish(view)
    train, audit = view.open_tasks(view.mirror.annotations())
    assert {item.task_id for item in rest.items} == {task.id for task in [*train, *audit]}
    assert len(audit) == 15
    assert due(view) is None
    world.judge(world.untouched(40), skipped=True)
    assert due(view) is None, "the audit tasks stand in the queue already"
    world.judge_audit()
    assert (due(view), order_queue(view, encode=ENCODE)) == (None, None)


def test_new_tasks_reach_a_queue_that_had_run_out(make: Make) -> None:
    """An import after the end goes on where it stopped."""
    world = make(tasks=8)
    publish(world.view)
    world.judge(world.of(Role.TRAIN))
    world.judge_audit()
    assert due(world.view) is None
    world.add(range(100, 120))
    assert due(world.view) is Step.PUBLISH
    assert {item.task_id for item in publish(world.view).items} == set(range(100, 120))


@pytest.mark.parametrize("tasks", [[], [Task(1, ""), Task(2, " \n")]], ids=["no tasks", "no text"])
def test_a_project_with_nothing_to_label_is_not_published(make: Make, tasks: list[Task]) -> None:
    """Neither an empty project nor tasks without text make a queue."""
    world = make(tasks=0)
    world.add(tasks)
    assert order_queue(world.view, encode=ENCODE) is None
    assert due(world.view) is None
    assert close_round(world.view, asked=True) is None


def test_several_choices_go_through_the_loop(make: Make) -> None:
    """Sets of labels, the empty one included, are learned, measured and shown."""
    world = make(field=replace(FIELD, kind=FieldKind.CHOICES))
    view = world.view
    for person, tasks in ((1, world.of(Role.MONITOR)), (2, world.of(Role.MONITOR)), (3, world.of(Role.TRAIN)[:40])):
        for task in tasks:
            world.judge([task], person, choices() if truth(task) == "odd" else choices(truth(task)))
    close_round(view)
    turn(view)
    newest = view.ledger.newest(Evaluation, 7)
    assert newest is not None
    assert newest.agreement is not None
    assert newest.agreement > 0.6
    head = order_queue(view, encode=ENCODE)
    assert head is not None
    assert choices() in {item.prediction.value for item in head.items if item.prediction}


def test_a_project_that_is_not_connected_is_said_so(make: Make) -> None:
    """The message names the command."""
    world = make(tasks=0)
    with pytest.raises(NotConnected, match="labelloop connect 99"):
        close_round(ProjectView(world.book, 99))
