"""Ordering the queue on a made-up project: who is shown what, and when it is filled up."""

from dataclasses import replace

import numpy as np
import pytest

from labelloop.domain.next_step import Step
from labelloop.domain.records import Evaluation
from labelloop.domain.task_index import open_monitor, open_train
from labelloop.domain.tasks import Origin, Role, Task
from labelloop.domain.values import FieldKind, Value
from labelloop.errors import NotConnected
from labelloop.rules import Rules
from labelloop.steps.close_round import close_round
from labelloop.steps.order_queue import order_queue, record_publication
from labelloop.strategies.base import Candidates
from labelloop.strategies.random import random
from tests.core.made_up import FIELD, MODELS, RULES, Make, choices, due, publish, truth, turn
from tests.core.opened_project import OpenedProject


def test_the_head_of_the_queue(make: Make) -> None:
    """Audit tasks are blind and about as many as planned; scores rise; nobody's judged task is in it."""
    world = make(Rules(round_size=25, monitor_size=200, queue_rounds=5), tasks=900)
    view = world.view
    audit = set(world.of(Role.MONITOR))
    world.judge(world.of(Role.TRAIN)[:30])
    world.judge(world.of(Role.TRAIN)[30:33], skipped=True)
    world.judge(world.of(Role.TRAIN)[33:36], origin=Origin.IMPORTED)
    close_round(*view.now())
    turn(view)
    head = order_queue(*view.now(), context=MODELS)
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
    assert (scores[0], scores[-1] < 1) == (0.0001, True)
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
    close_round(*world.view.now())
    turn(world.view)
    head = order_queue(*world.view.now(), context=MODELS)
    assert head is not None
    assert all(item.prediction is None for item in head.items)
    assert (head.publication.version, head.publication.blind) == ("v1", len(head.items))


def test_a_prediction_below_the_threshold_is_not_shown(make: Make) -> None:
    """Its task stays in its place, blank."""
    world = make()
    world.judge(world.of(Role.TRAIN)[:12])
    close_round(*world.view.now())
    turn(world.view)
    head = order_queue(*world.view.now(), context=MODELS)
    assert head is not None
    shown = [item.prediction.confidence for item in head.items if item.prediction]
    least = sorted(shown)[len(shown) // 2]
    state = replace(world.view.state, rules=RULES.model_copy(update={"show_from": least}))
    strict = order_queue(world.view.book, state, context=MODELS)
    assert strict is not None
    assert [item.task_id for item in strict.items] == [item.task_id for item in head.items]
    assert sum(item.prediction is not None for item in strict.items) == sum(found >= least for found in shown)


def test_two_workers_cannot_record_one_publication(make: Make) -> None:
    """The second is told that another was first."""
    world = make()
    one, other = (order_queue(*world.view.now(), context=MODELS) for _ in range(2))
    assert one is not None
    assert other is not None
    assert record_publication(*world.view.now(), one)
    assert not record_publication(*world.view.now(), other)


def test_audit_tasks_that_wait_for_their_second_person_come_first(make: Make) -> None:
    """A half-judged audit task is worth more than a new one; one with two people is done."""
    world = make(Rules(round_size=5, monitor_size=20, queue_rounds=2))
    audit = world.of(Role.MONITOR)
    world.judge(audit[:2], 1)
    world.judge(audit[2:4], 1)
    world.judge(audit[2:4], 2)
    head = order_queue(*world.view.now(), context=MODELS)
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
    train, audit = open_train(view.state.tasks), open_monitor(view.state.tasks, people=2)
    assert {item.task_id for item in rest.items} == {*train, *audit}
    assert len(audit) == 15
    assert due(view) is None
    world.judge(world.untouched(40), skipped=True)
    assert due(view) is None, "the audit tasks stand in the queue already"
    world.judge_audit()
    assert (due(view), order_queue(*view.now(), context=MODELS)) == (None, None)


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
    assert order_queue(*world.view.now(), context=MODELS) is None
    assert due(world.view) is None
    assert close_round(*world.view.now(), asked=True) is None


def test_several_choices_go_through_the_loop(make: Make) -> None:
    """Sets of labels, the empty one included, are learned, measured and shown."""
    world = make(field=replace(FIELD, kind=FieldKind.CHOICES))
    view = world.view
    for person, tasks in ((1, world.of(Role.MONITOR)), (2, world.of(Role.MONITOR)), (3, world.of(Role.TRAIN)[:40])):
        for task in tasks:
            world.judge([task], person, choices() if truth(task) == "odd" else choices(truth(task)))
    close_round(*view.now())
    turn(view)
    newest = view.ledger.newest(Evaluation, 7)
    assert newest is not None
    assert newest.agreement is not None
    assert newest.agreement > 0.6
    head = order_queue(*view.now(), context=MODELS)
    assert head is not None
    assert choices() in {item.prediction.value for item in head.items if item.prediction}


def test_a_project_that_is_not_connected_is_said_so(make: Make) -> None:
    """The message names the command."""
    world = make(tasks=0)
    with pytest.raises(NotConnected, match="labelloop connect 99"):
        close_round(*OpenedProject(world.book, 99).now())


def test_a_strategy_is_told_what_people_said_and_may_ask_the_other_candidate(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settled labels come with their vectors; the rival is a version of the same round by another learner."""
    seen: list[tuple[Candidates, tuple[Value, ...] | None]] = []

    def keep(candidates: Candidates, n: int, rng: np.random.Generator) -> list[int]:
        seen.append((candidates, candidates.rivals()))
        return random(candidates, n, rng)

    world = make(RULES.model_copy(update={"learners": ("linear", "logistic")}))
    monkeypatch.setattr("labelloop.steps.field_choice.strategy", lambda _: keep)
    publish(world.view)
    world.judge(world.of(Role.TRAIN)[:12])
    world.judge_audit()
    close_round(*world.view.now())
    turn(world.view)
    (before, nobody), (after, rivals) = seen

    assert (before.guesses, before.settled, nobody) == (None, (), None)
    assert [str(value) for value in after.settled] == [truth(task) for task in world.of(Role.TRAIN)[:12]]
    assert len(after.labelled) == 12
    assert rivals is not None
    assert after.guesses is not None
    assert len(rivals) == len(after.guesses) == len(after.ids)
    assert all(FIELD.allows(value) for value in rivals)
