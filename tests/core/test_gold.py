"""Gold tasks: settled audit tasks check people over time, and what is said of them enters no other figure."""

import random
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.gold_record import GoldTask, waiting_gold
from labelloop.domain.next_step import Phase
from labelloop.domain.records import ClosedRound, Record
from labelloop.domain.tasks import Annotation, Origin, Role, TaskState
from labelloop.domain.values import Choice
from labelloop.rules import Rules
from labelloop.state.field_mirror import field_mirror
from labelloop.state.load import load
from labelloop.state.release_parts import people_parts
from labelloop.state.round_content import judged_now
from labelloop.steps.adjudicate import disputes
from labelloop.steps.audit_quality import Quality, quality
from labelloop.steps.close_round import close_round
from labelloop.steps.far_below import annotator_news, far_below
from labelloop.steps.gold_figures import GoldFigures, gold_figures
from labelloop.steps.gold_tasks import chosen_gold, record_gold
from labelloop.steps.order_queue import QueueHead, order_queue, record_publication
from labelloop.steps.people_seen import people_seen
from labelloop.steps.training_examples import training_examples
from labelloop.steps.verdict_report import verdict_report
from labelloop.stores.book import Book
from labelloop.stores.ledger import Ledger, open_engine
from labelloop.stores.rebuild import check, rebuild
from tests.core.made_up import ENCODE, LABELS, MODELS, NOON, MadeUp, Make, truth, turn
from workers.admin.relabel import to_be_asked_about, unsettled_of_all_fields
from workers.jobs.still_open import still_open

OFF = Rules(round_size=10, monitor_size=40, queue_rounds=2)
NOT_COMPARED = ("created_at", "artifact", "ms_per_text")
ON = OFF.model_copy(update={"gold": 0.1})


def measured(world: MadeUp, differ: int = 0) -> MadeUp:
    """Close a round with audit tasks of two people, who differ on so many, of four who are known, and measure it."""
    world.judge(world.untouched(12))
    for person in (3, 4):
        world.judge(world.untouched(1), person)
    world.judge_audit()
    for task in world.of(Role.MONITOR)[-differ:] if differ else ():
        world.judge([task], 2, "odd" if truth(task) != "odd" else "bad")
    close_round(*world.view.now())
    turn(world.view)
    return world


def put_back(world: MadeUp, head: QueueHead | None = None) -> list[int]:
    """Publish a queue as the job does, and return its gold tasks."""
    head = head or order_queue(*world.view.now(), context=MODELS)
    assert head is not None
    record_gold(*world.view.now(), head.gold)
    assert record_publication(*world.view.now(), head)
    return sorted(head.gold)


def answer(
    world: MadeUp, task: int, person: int, label: str | None, origin: Origin = Origin.MANUAL, number: int = 0
) -> None:
    """Let a person annotate a task, leaving clock and numbers of everything else as they are without that."""
    state = world.states[task]
    id_ = 90_000 + 1_000 * number + 10 * task + person
    said = Annotation(id_, task, person, Choice(label) if label else None, NOON, origin, skipped=label is None)
    world.states[task] = replace(state, annotations=(*state.annotations, said))
    world.view.mirror.put([world.states[task]])


def go_on(world: MadeUp) -> None:
    """Label more, some of it for audit tasks, and close and measure the next round."""
    world.judge(world.untouched(14))
    world.judge(world.of(Role.MONITOR)[:5], person=2, value="odd")
    close_round(*world.view.now())
    turn(world.view)


def plain(record: Record) -> dict[str, Any]:
    """Return what a record says but when and where, and how quick the machine was."""
    return {one.name: getattr(record, one.name) for one in fields(record) if one.name not in NOT_COMPARED}


def _undated(report: dict[str, Any]) -> dict[str, Any]:
    return {name: figure for name, figure in report.items() if name not in NOT_COMPARED}


def _figures_of(found: Quality | None) -> dict[str, object]:
    assert found is not None
    return {one.name: getattr(found, one.name) for one in fields(found) if one.name not in ("verdict", "report")}


def figures(world: MadeUp) -> dict[str, object]:
    """Return everything that is measured, learned or released of a project."""
    book, state = world.view.now()
    closed = world.book.ledger.all(ClosedRound, state.id)
    files = {
        f"{one.number}/{name}": world.book.artifacts.read(one.artifact, name)
        for one in closed
        for name in world.book.artifacts.manifest(one.artifact)["files"]
        if not name.endswith(".json")
    }
    newest = world.view.round(state.round_number)
    assert newest is not None
    people = [part.finished for part in people_parts(book, state)]
    return files | {
        "rounds": [plain(one) for one in closed],
        "evaluations": [plain(one) for one in state.looped.evaluations],
        "decisions": [plain(one) for one in state.looped.decisions],
        "verdicts": [plain(one) for one in state.looped.verdicts],
        "report": _undated(verdict_report(book, state.looped.verdicts[-1])),
        "quality": _figures_of(quality(book, state)),
        "people": replace(people_seen(book, state), gold=()),
        "below": far_below(book, state),
        "disputes": disputes(book, state),
        "now": judged_now(book, state),
        "learned": training_examples(book, state, newest, encode=ENCODE),
        "released": people,
        "values": sorted((str(value), n) for value, n in field_mirror(book, state).values()),
        "unanswered": field_mirror(book, state).unanswered(),
    }


@pytest.mark.parametrize("seed", range(4))
def test_no_figure_moves_whatever_people_say_of_gold_tasks(tmp_path: Path, seed: int) -> None:
    """Byte for byte: rounds, evaluations, verdicts, agreement, anchoring, disputes, labels; also a round later."""
    found: list[list[dict[str, object]]] = []
    for answered in (False, True):
        folder = tmp_path / str(answered)
        folder.mkdir()
        world = MadeUp(folder, ON)
        world.add(range(1, 201))
        measured(world, differ=6)
        gold = sorted({one.task_id for one in world.view.state.gold} | set(put_back(world)))
        assert len(gold) >= 2
        if answered:
            draw = random.Random(seed)
            for task in gold:
                for person in draw.sample(range(1, 6), 3):
                    origin = draw.choice([Origin.MANUAL, Origin.MANUAL, Origin.ACCEPTED, Origin.IMPORTED])
                    answer(world, task, person, draw.choice([*LABELS, None]), origin)
            checks = field_mirror(*world.view.now()).check_answers()
            assert len(checks) == 3 * len(gold)
        found.append([figures(world)])
        go_on(world)
        found[-1].append(figures(world))
        world.book.ledger.engine.dispose()
    for without, with_checks in zip(*found, strict=True):
        for name, figure in without.items():
            assert with_checks[name] == figure, name


def test_without_the_rule_nothing_is_put_back_and_the_queue_is_the_same(make: Make) -> None:
    """With it gold tasks stand among the others, which keep their order; they are blind, and at most the share."""
    world = measured(make(OFF, tasks=200))
    book, state = world.view.now()
    off = order_queue(book, state, context=MODELS)
    on = order_queue(book, replace(state, rules=ON), context=MODELS)
    assert off is not None
    assert on is not None
    assert (off.gold, world.view.state.gold) == (frozenset(), ())
    ids = [item.task_id for item in on.items]
    assert [id_ for id_ in ids if id_ not in on.gold] == [item.task_id for item in off.items]
    assert on.gold <= set(world.of(Role.MONITOR))
    assert 0 < len(on.gold) <= 0.1 * len(ids) + 1
    assert not any(item.predictions for item in on.items if item.task_id in on.gold)


def test_only_what_is_measured_and_settled_is_put_back(make: Make) -> None:
    """Not before the round is measured, not where people differ, and not where all have judged it."""
    world = make(ON, tasks=200)
    world.judge(world.untouched(12))
    for person in (3, 4):
        world.judge(world.untouched(1), person)
    audit = world.of(Role.MONITOR)
    world.judge_audit()
    split, everybody, late = audit[0], audit[1], world.view.state
    world.judge([split], person=2, value=LABELS[(LABELS.index(truth(split)) + 1) % 3])
    for person in (3, 4):
        world.judge([everybody], person)
    assert chosen_gold(world.book, late) == []
    close_round(*world.view.now())
    assert chosen_gold(*world.view.now()) == [], "not measured"
    turn(world.view)
    assert set(chosen_gold(*world.view.now())) == set(audit) - {split, everybody}


def test_a_task_waits_for_its_person_and_is_recorded_once(make: Make) -> None:
    """It stands in the next queue again; after the answer another may be asked, those asked less often first."""
    world = measured(make(ON, tasks=200))
    first = put_back(world)
    (again,) = (put_back(world),)
    assert again == first
    assert [one.task_id for one in world.view.state.gold] == first
    assert set(still_open(world.view.state)).issuperset(first)
    for task in first:
        answer(world, task, 3, truth(task))
    assert waiting_gold(world.view.state.gold, world.view.state.tasks) == []
    assert set(still_open(world.view.state)).isdisjoint(first)
    second = put_back(world)
    assert second
    assert set(second).isdisjoint(first)


def test_a_change_of_an_earlier_answer_counts_as_ever(make: Make) -> None:
    """Its number is from before the task was put back."""
    world = measured(make(ON, tasks=200))
    (task, *_) = put_back(world)
    state = world.states[task]
    changed = [replace(one, value=Choice("odd"), judged_at=world.tick()) for one in state.annotations]
    world.view.mirror.put([TaskState(state.task, tuple(changed), world.clock)])
    (now,) = (one for one in judged_now(*world.view.now()).tasks if one.task.id == task)
    assert now.consensus.value == Choice("odd")
    assert field_mirror(*world.view.now()).check_answers() == []


def test_nobody_is_asked_to_settle_a_gold_task(make: Make) -> None:
    """Where an earlier answer was changed: what one more person says is a check answer, and settles nothing."""
    world = measured(make(ON, tasks=200))
    gold = put_back(world)
    other = next(id_ for id_ in world.of(Role.MONITOR) if id_ not in gold)
    for task in (gold[0], other):
        state = world.states[task]
        one, two = state.annotations
        label = "odd" if truth(task) != "odd" else "bad"
        world.states[task] = replace(state, annotations=(one, replace(two, value=Choice(label))))
        world.view.mirror.put([world.states[task]])
    assert set(unsettled_of_all_fields(*world.view.now())) == {gold[0], other}
    assert set(to_be_asked_about(*world.view.now())) == {other}


def claim(world: MadeUp, tasks: Iterable[int], number: int) -> None:
    """Write down that tasks were put back after a round."""
    for task in tasks:
        last = max(one.id for one in world.states[task].annotations)
        made = GoldTask(world.view.id, task, number, 2, last, created_at=world.tick())
        assert world.book.record(made, f"gold-{task}")


def checked(make: Make, checks: int, wrong: int) -> tuple[MadeUp, dict[int, GoldFigures]]:
    """Let annotator 3 give wrong check answers, and annotator 4 right ones, in two rounds."""
    world = measured(make(ON.model_copy(update={"gold": 0}), tasks=200))
    gold = world.of(Role.MONITOR)[:checks]
    claim(world, gold[:5], 1)
    claim(world, gold[5:], 2)
    for place, task in enumerate(gold):
        answer(world, task, 4, truth(task))
        answer(world, task, 3, LABELS[(LABELS.index(truth(task)) + (place < wrong)) % 3])
    return world, {one.annotator: one for one in gold_figures(*world.view.now())}


def test_who_is_below_the_others_is_said_with_enough_checks(make: Make) -> None:
    """By Wilson intervals; it is an event too, that names nobody."""
    world, found = checked(make, checks=24, wrong=12)
    assert (found[3].own.value, found[3].own.n, found[4].own.value) == (0.5, 24, 1)
    assert found[3].others == found[4].own
    assert {number: one.n for number, one in found[3].by_round.items()} == {1: 5, 2: 19}
    assert (found[3].by_round[1].value, found[3].by_round[2].value) == (0, 12 / 19)
    assert (found[3].is_below, found[4].is_below) == (True, False)
    (event,) = annotator_news(*world.view.now())
    assert event.figures["gold"] is True
    assert (event.figures["agreement"], event.figures["others"], event.page) == (0.5, 1.0, "people")
    assert "3" not in {str(value) for value in event.figures.values()}


@pytest.mark.parametrize(("checks", "wrong"), [(19, 19), (24, 0), (24, 2)])
def test_of_few_checks_or_small_differences_nothing_is_said(make: Make, checks: int, wrong: int) -> None:
    """Intervals that overlap do not tell people apart."""
    world, found = checked(make, checks, wrong)
    assert found[3].own.n == checks
    assert not any(one.is_below for one in found.values())
    assert list(annotator_news(*world.view.now())) == []


def test_answers_that_were_not_blind_are_no_checks(make: Make) -> None:
    """Nor are skips, and what was imported."""
    world = measured(make(OFF, tasks=200))
    one, other, third, fourth = world.of(Role.MONITOR)[:4]
    claim(world, [one, other, third, fourth], 1)
    answer(world, one, 3, "odd", Origin.ACCEPTED)
    answer(world, other, 3, "odd", Origin.IMPORTED)
    answer(world, third, 3, None)
    answer(world, fourth, 3, truth(fourth))
    (found,) = gold_figures(*world.view.now())
    assert (found.own.n, found.own.value) == (1, 1)


def test_a_rebuilt_ledger_knows_the_checks(make: Make, tmp_path: Path) -> None:
    """So no answer to one becomes an answer that counts."""
    world, found = checked(make, checks=24, wrong=12)
    engine = open_engine(f"sqlite:///{tmp_path / 'again.sqlite'}")
    try:
        done = rebuild(world.book.artifacts, Ledger(engine))
        assert done.damaged == ()
        again = Book(Ledger(engine), world.book.artifacts)
        again.mirror(world.view.id).put(list(world.states.values()))
        state = load(again, world.view.id)
        assert state.gold == world.view.state.gold
        assert gold_figures(again, state) == tuple(found.values())
        assert judged_now(again, state) == judged_now(*world.view.now())
        assert check(again.artifacts, again.ledger).broken == ()
    finally:
        engine.dispose()


def test_none_are_put_back_while_the_model_is_frozen(make: Make) -> None:
    """An attempt to certify has a queue of its own."""
    from labelloop.steps.certify import start_attempt

    world = measured(make(ON, tasks=200))
    start_attempt(*world.view.now(), max_error=0.2, confidence=0.9, n=20)
    assert world.view.state.phase is Phase.CERTIFY
    head = order_queue(*world.view.now(), context=MODELS)
    assert head is not None
    assert head.gold == frozenset()
