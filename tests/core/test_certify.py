"""Certifying: what is drawn, what is refused, what is proved, and what a crash does to it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from labelloop.domain.certification import draw
from labelloop.domain.next_step import Phase, Step
from labelloop.domain.records import Certificate, CertifyDraw, ClosedRound, Deployment
from labelloop.domain.task_index import open_train
from labelloop.domain.tasks import Origin, Role, Task
from labelloop.errors import NotFound, UserError
from labelloop.steps import certify as module
from labelloop.steps import model_rows
from labelloop.steps.certify import (
    CERTIFICATE_FILE,
    abandon_attempt,
    certificate_is_due,
    certify,
    complete_draw,
    start_attempt,
)
from labelloop.steps.close_round import close_round
from labelloop.steps.order_queue import order_queue, record_publication
from labelloop.steps.predict_tasks import answer
from labelloop.stores.book import Book
from labelloop.stores.ledger import Ledger, open_engine
from labelloop.stores.rebuild import rebuild
from tests.core.ending import attempt, certified, with_model
from tests.core.made_up import LABELS, MODELS, Make, due, text
from tests.core.opened_project import OpenedProject


def wrong(task: int) -> str:
    return LABELS[(task + 1) % 3]


def test_the_tasks_are_drawn_uniformly_from_what_nobody_has_touched(make: Make) -> None:
    """No audit task, no judged task and no copy of a judged text; the pool is what was drawn from."""
    world = with_model(make)
    judged = {a.task_id for a in world.view.mirror.annotations()}
    copy = Task(901, f"  {text(min(judged)).upper()} ")
    world.add([copy, Task(902, " ")])
    untouched = set(open_train(world.view.state.tasks))
    drawn = attempt(world)
    certify_tasks = set(world.of(Role.CERTIFY))
    assert (drawn.n, drawn.version, drawn.number, drawn.delta) == (60, "v1", 1, 0.05)
    assert len(certify_tasks) == 60
    assert certify_tasks <= untouched - {901, 902}
    assert drawn.pool == len(untouched - {901})
    assert not certify_tasks & judged


def test_every_task_has_the_same_chance() -> None:
    """Over many attempts each task is drawn about as often as any other: within five standard errors."""
    draws, counts = 2000, dict.fromkeys(range(40), 0)
    for number in range(draws):
        for task in draw(range(40), 10, seed=3, number=number):
            counts[task] += 1
    spread = (draws * 0.25 * 0.75) ** 0.5
    assert all(abs(count - draws / 4) < 5 * spread for count in counts.values())
    assert draw(range(40), 10, seed=3, number=1) == draw(reversed(range(40)), 10, seed=3, number=1)


def test_without_a_model_nothing_can_be_certified(make: Make) -> None:
    """The message says that labelling comes first."""
    with pytest.raises(UserError, match="no model to certify"):
        attempt(make())


@pytest.mark.parametrize(
    ("n", "max_error", "says"),
    [
        (58, 0.05, "it takes 59"),
        (100, 0.02, "it takes 149"),
        (280, 0.05, "tasks with a text of their own are untouched"),
    ],
)
def test_too_few_tasks_are_refused_with_the_number_it_takes(make: Make, n: int, max_error: float, says: str) -> None:
    """Nothing is drawn that could prove nothing, even with a perfect model."""
    world = with_model(make)
    with pytest.raises(UserError, match=says):
        attempt(world, n, max_error)
    assert world.view.state.attempt is None


def test_an_open_attempt_freezes_the_project(make: Make) -> None:
    """No other attempt, and nothing is due but the blind queue of its tasks."""
    world = with_model(make)
    attempt(world)
    with pytest.raises(UserError, match="is open"):
        attempt(world)
    assert world.view.state.phase is Phase.CERTIFY
    assert due(world.view) is Step.PUBLISH
    head = order_queue(*world.view.now(), context=MODELS)
    assert head is not None
    assert sorted(item.task_id for item in head.items) == world.of(Role.CERTIFY)
    assert [item.task_id for item in head.items] != world.of(Role.CERTIFY)
    assert all(item.prediction is None for item in head.items)
    assert head.publication.name == "v1.2"
    record_publication(*world.view.now(), head)
    assert due(world.view) is None
    world.judge(world.of(Role.CERTIFY)[:50])
    assert due(world.view) is None
    world.judge(world.of(Role.CERTIFY)[50:59])
    assert due(world.view) is Step.PUBLISH, "the last ones are offered again"
    again = order_queue(*world.view.now(), context=MODELS)
    assert again is not None
    record_publication(*world.view.now(), again)
    assert due(world.view) is None
    assert not certificate_is_due(world.view.state)
    world.judge(world.of(Role.CERTIFY)[59:])
    assert certificate_is_due(world.view.state)


def test_a_good_model_is_granted_a_certificate_that_says_all_it_rests_on(make: Make) -> None:
    """Figures, digests, per-label precision, people's agreement, and that it holds for this pool only."""
    world = with_model(make)
    found = certified(world, max_error=0.1)
    page = json.loads(world.book.artifacts.read(found.artifact, CERTIFICATE_FILE))
    assert found.granted
    assert 0 < found.automated <= 1
    assert 0 <= found.threshold <= 1
    assert page["threshold"] == found.threshold
    assert page["n"] == 60
    assert page["not_judged"] == 0
    assert page["pool"] == world.view.state.attempt.draw.pool  # type: ignore[union-attr]
    assert "pool they were drawn from only" in page["promise"]
    assert page["model"]["artifact"] == world.view.ledger.version(7, "v1").artifact
    assert page["rounds"] == [r.artifact for r in world.view.ledger.all(ClosedRound, 7)]
    assert page["people"]["agreement"] == 1.0
    assert page["near_copies"] == {"drawn": 0, "errors": 0}
    assert sum(row["automated"] for row in page["labels"]) == round(found.automated * 60)
    assert world.view.state.phase is Phase.ROUNDS
    assert certify(*world.view.now(), context=MODELS) == found


def test_a_bad_model_is_refused_and_its_tasks_may_be_learned_from(make: Make) -> None:
    """People say otherwise on all of them: nothing is promised, and the labels are not lost."""
    world = with_model(make)

    def otherwise(tasks: object) -> None:
        for task in tasks:  # type: ignore[attr-defined]
            world.judge([task], value=wrong(task))

    found = certified(world, judge=otherwise)
    assert not found.granted
    assert (found.errors > 50, found.automated) == (True, 0.0)
    assert "most certain predictions" in found.reason
    assert world.of(Role.CERTIFY) == []
    closed = close_round(*world.view.now())
    assert closed is not None
    assert closed.new_train == 60


def test_an_attempt_abandoned_with_nothing_judged_spends_no_risk(make: Make) -> None:
    """Nothing was learned from its tasks: the next attempt may fail as often as the first."""
    world = with_model(make)
    attempt(world)
    ended = abandon_attempt(*world.view.now())
    assert (ended.granted, ended.delta) == (False, 0.0)
    assert "nothing labelled" in ended.reason
    assert attempt(world).delta == 0.05
    world.judge(world.of(Role.CERTIFY)[:1])
    assert abandon_attempt(*world.view.now()).delta == 0.05
    assert attempt(world, 80).delta == 0.025


def test_the_next_attempt_spends_half_of_what_may_go_wrong(make: Make) -> None:
    """So that trying again does not make the promise empty; the first attempt's tasks are TRAIN."""
    world = with_model(make, tasks=400)
    attempt(world)
    first = world.of(Role.CERTIFY)
    world.judge(first[:1])
    assert not abandon_attempt(*world.view.now()).granted
    assert world.of(Role.CERTIFY) == []
    with pytest.raises(NotFound, match="nothing to abandon"):
        abandon_attempt(*world.view.now())
    with pytest.raises(UserError, match="it takes 72"):
        attempt(world)
    second = attempt(world, n=72)
    assert (second.number, second.delta) == (2, 0.025)
    assert len(world.of(Role.CERTIFY)) == 72
    assert set(first) - set(world.of(Role.CERTIFY)) <= set(world.of(Role.TRAIN))


def test_what_is_not_known_counts_against_the_model(make: Make) -> None:
    """A skipped task, one seen with a pre-annotation and one deleted are errors."""
    world = with_model(make)
    attempt(world)
    skipped, seen, gone, *others = world.of(Role.CERTIFY)
    world.judge(others)
    world.judge([skipped], skipped=True)
    world.judge([seen], origin=Origin.ACCEPTED)
    world.view.mirror.forget([gone])
    assert certificate_is_due(world.view.state)
    found = certify(*world.view.now(), context=MODELS)
    assert found.errors >= 3
    assert not found.granted


def test_equal_confidences_stand_or_fall_together(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is as sure of everything is let through as a whole, or not at all."""
    world = with_model(make)

    def flat(*arguments: object, **more: object) -> dict[int, object]:
        return {
            id_: type(said)(said.value, 0.5, 0.5)
            for id_, said in answer(*arguments, **more).items()  # type: ignore[arg-type]
        }

    monkeypatch.setattr(model_rows, "answer", flat)
    found = certified(world, max_error=0.3)
    assert found.automated in (0.0, 1.0)
    assert found.granted is (found.errors <= found.allowed)


def test_a_crash_between_the_draw_and_its_tasks_heals(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row of the draw stands, and the next look gives the same tasks their role, once."""
    world = with_model(make)
    monkeypatch.setattr(module, "_give_role", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        start_attempt(*world.view.now(), max_error=0.05, confidence=0.95, n=60)
    monkeypatch.undo()
    assert world.view.state.phase is Phase.CERTIFY
    assert world.of(Role.CERTIFY) == []
    count = world.view.ledger.role_count(7)
    for _ in range(2):
        complete_draw(*world.view.now())
    assert len(world.of(Role.CERTIFY)) == 60
    assert world.view.ledger.role_count(7) == count + 60
    assert len(world.view.ledger.all(CertifyDraw, 7)) == 1


def test_a_refusal_is_noticed_by_whoever_counts_roles(make: Make) -> None:
    """The ML backend re-reads the roles when their count changes, so a certificate must change it."""
    world = with_model(make)
    attempt(world)
    before = world.view.ledger.role_count(7)
    abandon_attempt(*world.view.now())
    assert world.view.ledger.role_count(7) > before
    assert len(world.view.ledger.all(Certificate, 7)) == 1
    assert len(world.view.ledger.all(Deployment, 7)) == 1


def test_a_rebuilt_ledger_knows_the_certify_tasks(make: Make, tmp_path: Path) -> None:
    """They come back with the draw, and what they were drawn for before is TRAIN."""
    world = with_model(make)
    certified(world, max_error=0.1)
    world.judge(world.untouched(20))
    close_round(*world.view.now())
    again = Ledger(open_engine(f"sqlite:///{tmp_path / 'again.sqlite'}"))
    rebuild(world.book.artifacts, again)
    assert again.certify_tasks(7) == world.of(Role.CERTIFY)
    view = OpenedProject(Book(again, world.book.artifacts), 7)
    abandoned = Certificate(7, 2, "v1", False, "", 0, 0, 0, 1.0, 0.0, 0.1, 0.05, created_at=world.tick())
    assert view.state.attempt == world.view.state.attempt
    again.add(replace(view.state.attempt.draw, number=2))  # type: ignore[union-attr]
    again.add(abandoned)
    assert set(again.roles(7).values()) == {Role.TRAIN, Role.MONITOR}
    again.engine.dispose()
