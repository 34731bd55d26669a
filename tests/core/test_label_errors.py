"""Doubtful labels: found by a model that never saw them, put back for a second person, settled by consensus."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from labelloop.domain.next_step import Step
from labelloop.domain.people_needed import people_needed
from labelloop.domain.tasks import Role, Task
from labelloop.domain.values import Choice, FieldKind
from labelloop.errors import UserError
from labelloop.learners.base import Example
from labelloop.learners.folds import FOLDS
from labelloop.learners.linear.learner import LinearLearner
from labelloop.rules import Rules
from labelloop.steps.close_round import close_round
from labelloop.steps.label_errors import Suspects, label_errors, normalised_margin, out_of_fold
from labelloop.steps.order_queue import QueueHead, order_queue, record_publication
from tests.core.made_up import FIELD, LABELS, MODELS, MadeUp, Make, choices, due, text, truth, turn

WRONG = 6


def labelled(make: Make, count: int = 90, tasks: int = 200) -> tuple[MadeUp, list[int]]:
    """Return a project after a round in which the first `WRONG` of the TRAIN labels are mistakes."""
    world = make(Rules(round_size=10, monitor_size=20, queue_rounds=2), tasks=tasks)
    train = world.of(Role.TRAIN)[:count]
    for task in train[:WRONG]:
        world.judge([task], value=mistake(task))
    world.judge(train[WRONG:])
    close_round(*world.view.now())
    turn(world.view)
    return world, train[:WRONG]


def mistake(task: int) -> str:
    """Return a label that the task does not have."""
    return LABELS[(task + 1) % 3]


def put_back(world: MadeUp, tasks: Iterable[int] = ()) -> QueueHead:
    """Publish a queue in which the tasks come first."""
    head = order_queue(*world.view.now(), context=MODELS, again=tasks)
    assert head is not None
    assert record_publication(*world.view.now(), head)
    return head


def find(world: MadeUp) -> Suspects:
    """Return the doubtful labels."""
    return label_errors(*world.view.now(), context=MODELS)


def test_mistakes_come_first(make: Make) -> None:
    """Labels that contradict their words are found, with what the model expected; every time the same."""
    world, wrong = labelled(make)
    found = find(world)
    first = found.ranking[:WRONG]
    assert {suspect.task_id for suspect in first} == set(wrong)
    for suspect in first:
        assert suspect.given == Choice(mistake(suspect.task_id))
        assert suspect.expected == Choice(truth(suspect.task_id))
    margins = [suspect.margin for suspect in found.ranking]
    assert margins == sorted(margins)
    assert all(-1 <= margin < 0 for margin in margins)
    assert (found.judged, found.too_few) == (90, ())
    assert find(world) == found


def test_without_a_model_or_labels_nothing_is_judged(make: Make) -> None:
    """The message says what is missing: a round, or examples of which label."""
    with pytest.raises(UserError, match="no model yet"):
        find(make())


def test_too_few_examples_are_said_so(make: Make) -> None:
    """Below ten examples of each label a model's doubt means nothing."""
    world, _ = labelled(make, count=20, tasks=100)
    with pytest.raises(UserError, match=r"10 of each are needed \(good \d, bad \d, odd \d so far\)"):
        find(world)


def test_a_rare_label_is_left_out_and_named(make: Make) -> None:
    """The other labels are judged all the same."""
    world = make(Rules(round_size=10, monitor_size=20, queue_rounds=2), tasks=200)
    train = world.of(Role.TRAIN)
    world.judge([task for task in train if truth(task) != "odd"][:60])
    world.judge([task for task in train if truth(task) == "odd"][:4])
    close_round(*world.view.now())
    turn(world.view)
    found = find(world)
    assert (found.judged, found.too_few) == (60, (("odd", 4),))
    assert Choice("odd") not in {suspect.given for suspect in found.ranking}


def test_equal_texts_never_vouch_for_each_other() -> None:
    """A copy in another fold would give the label away: both copies of a mistake are found."""
    examples = [Example(n, text(n), Choice(truth(n))) for n in range(60)]
    copies = [Example(900 + n, "lovely happy sunny never seen elsewhere", Choice("bad")) for n in range(FOLDS + 1)]
    opinions = out_of_fold(LinearLearner(), FIELD, [*examples, *copies], context=MODELS, seed=1)
    assert len(opinions) == len(examples) + len(copies)
    for opinion in opinions[len(examples) :]:
        assert opinion.expected == Choice("good")
        assert opinion.margin < 0


def test_margins_by_hand() -> None:
    """One choice: given less the best other. Several: the most doubtful label decides."""
    answers = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]])
    assert normalised_margin(FIELD, [Choice("good"), Choice("odd")], answers) == pytest.approx([0.5, -0.3])
    several = replace(FIELD, kind=FieldKind.CHOICES)
    assert normalised_margin(several, [choices("good"), choices()], answers) == pytest.approx([0.4, -0.2])
    assert normalised_margin(FIELD, [], np.zeros((0, 3))).shape == (0,)


def test_several_choices_are_ranked_too(make: Make) -> None:
    """A set of labels is as doubtful as its most doubtful label; the empty set can be wrong as well."""
    world = make(
        Rules(round_size=10, monitor_size=20, queue_rounds=2), 200, field=replace(FIELD, kind=FieldKind.CHOICES)
    )
    train = world.of(Role.TRAIN)[:90]
    for task in train:
        world.judge([task], value=choices() if task == train[0] else choices(truth(task)))
    close_round(*world.view.now())
    turn(world.view)
    assert find(world).ranking[0].task_id == train[0]


def test_labels_that_were_put_back_come_first_and_blind(make: Make) -> None:
    """Whatever else is in the queue; two people are asked of each."""
    world, wrong = labelled(make)
    head = put_back(world, wrong)
    assert [item.task_id for item in head.items[:WRONG]] == wrong
    assert all(item.prediction is None for item in head.items[:WRONG])
    assert head.again == tuple((task, 2) for task in wrong)
    assert any(item.prediction for item in head.items[WRONG:])
    assert len({item.task_id for item in head.items}) == len(head.items)
    assert [item.score for item in head.items] == sorted(item.score for item in head.items)
    queue = world.view.state.queue
    assert queue is not None
    assert (queue.put_back, due(world.view)) == (dict(head.again), None)


def test_they_stay_first_until_a_second_person_agrees_or_a_third_decides(make: Make) -> None:
    """A dispute is published again at once, for three people; a settled label is left alone."""
    world, wrong = labelled(make)
    put_back(world, wrong)
    agreed, disputed, skipped, *waiting = wrong
    world.judge([agreed], 2, mistake(agreed))
    world.judge([skipped], 2, skipped=True)
    assert due(world.view) is None
    world.judge([disputed], 2)
    assert due(world.view) is Step.PUBLISH
    head = put_back(world)
    assert head.again == ((disputed, 3), (skipped, 2), *((task, 2) for task in waiting))
    assert not {s.task_id for s in find(world).ranking} & set(wrong), "they were put back already"
    assert due(world.view) is None
    world.judge([disputed], 3)
    assert disputed not in dict(put_back(world).again)


def test_the_next_round_learns_from_what_they_settle_on(make: Make) -> None:
    """A disputed label is out of the training set; the corrected one is in the next round's file."""
    world, wrong = labelled(make)
    put_back(world, wrong)
    world.judge(wrong, 2)
    closed = close_round(*world.view.now(), asked=True)
    assert closed is not None
    disputed = world.view.round(closed.number)
    assert disputed is not None
    assert not {task.task.id for task in disputed.training} & set(wrong)
    turn(world.view)
    assert {people for _, people in put_back(world).again} == {3}
    world.judge(wrong, 3)
    mended = close_round(*world.view.now(), asked=True)
    assert mended is not None
    after = world.view.round(mended.number)
    assert after is not None
    assert {t.task.id: str(t.consensus.value) for t in after.training if t.task.id in wrong} == {
        task: truth(task) for task in wrong
    }
    lines = world.book.artifacts.read(mended.artifact, f"data_labeled_{mended.number}.csv").decode().split("\r\n")
    assert len(lines) == 2 + WRONG


def test_a_dispute_at_the_very_end_is_still_brought_before_a_third_person(make: Make) -> None:
    """With nothing else left to label, the queue holds the disputed task alone."""
    world, wrong = labelled(make, tasks=120)
    world.judge_audit()
    world.judge(world.untouched(200))
    assert due(world.view) is None
    assert [item.task_id for item in put_back(world, wrong[:1]).items] == wrong[:1]
    world.judge(wrong[:1], 2)
    assert due(world.view) is Step.PUBLISH
    assert put_back(world).again == ((wrong[0], 3),)
    world.judge(wrong[:1], 3)
    assert (due(world.view), order_queue(*world.view.now(), context=MODELS)) == (None, None)


def test_a_task_whose_labels_were_deleted_is_an_open_task_again(make: Make) -> None:
    """It stands in the queue once, as any other."""
    world, wrong = labelled(make)
    put_back(world, wrong[:1])
    world.states[wrong[0]] = replace(world.states[wrong[0]], annotations=())
    world.view.mirror.put([world.states[wrong[0]]])
    head = put_back(world)
    assert head.again == ()
    assert people_needed({wrong[0]: 2, 10_000: 2}, world.view.mirror.annotations()) == {}
    world.add([Task(9000, "new")])
    assert [item.task_id for item in head.items].count(wrong[0]) <= 1
