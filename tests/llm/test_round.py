"""A prompted LLM in the loop: it competes like any other learner, and its troubles are its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.records import Evaluation, Fit
from labelloop.rules import Rules
from labelloop.steps import field_choice
from labelloop.steps.close_round import close_round
from labelloop.steps.deployments import deploy
from labelloop.steps.order_queue import order_queue
from tests.core.made_up import WORDS, MadeUp, turn
from tests.llm.server import Fault, ScriptedLLM
from tests.llm.stage import models, name

pytestmark = pytest.mark.slow

RULES = Rules(round_size=10, monitor_size=10, queue_rounds=1, learners=("logistic", "prompt"))


def right(text: str) -> dict[str, Any]:
    return {"label": next(label for label, words in WORDS.items() if words[0] in text or text.split()[0] in words)}


@pytest.fixture
def world(llm: ScriptedLLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MadeUp]:
    """Yield a project with a judged audit set, whose second learner is a prompted LLM."""
    llm.oracle = right
    name(llm, monkeypatch, tmp_path / "data")
    made = MadeUp(tmp_path, RULES)
    made.add(range(1, 61))
    made.judge_audit()
    yield made
    made.book.ledger.engine.dispose()


def next_round(world: MadeUp) -> None:
    world.judge(world.untouched(12))
    assert close_round(*world.view.now(), asked=True) is not None


def fits(world: MadeUp) -> list[Fit]:
    return [fit for fit in world.view.ledger.all(Fit, world.view.id) if fit.learner == "prompt"]


def test_a_capped_llm_loses_its_round_and_competes_in_the_next(
    world: MadeUp, llm: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is recorded, the other learner serves; with a higher cap the LLM is measured on the same audit."""
    monkeypatch.setenv("LABELLOOP_LLM_CAP", "0.004")
    next_round(world)
    first = turn(world.view, models())
    monkeypatch.setenv("LABELLOOP_LLM_CAP", "10")
    next_round(world)
    turn(world.view, models())
    capped, measured = fits(world)

    assert "LABELLOOP_LLM_CAP" in capped.failure
    assert first.winner == "v1"
    assert measured.version
    found = world.view.ledger.newest(Evaluation, world.view.id, version=measured.version)
    assert found is not None
    assert found.accuracy == 1.0


def test_a_server_that_is_down_holds_no_round_up(world: MadeUp, llm: ScriptedLLM) -> None:
    """The round is decided among the others."""
    llm.always = Fault(401)
    next_round(world)

    assert turn(world.view, models()).winner == "v1"
    assert "LABELLOOP_LLM_API_KEY" in fits(world)[0].failure


def test_a_paid_model_that_serves_is_asked_about_the_head_of_the_queue_only(
    world: MadeUp, llm: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool of thousands is not paid for after every round; what was asked once is not asked again."""
    world.add(range(61, 1061))
    next_round(world)
    turn(world.view, models())
    deploy(*world.view.now(), fits(world)[0].version, reason="the test says so")
    before = llm.answered
    head = order_queue(*world.view.now(), context=models())
    asked = llm.answered - before

    assert head is not None
    assert 0 < asked <= field_choice.PAID_POOL
    assert sum(item.prediction is not None for item in head.items) > 0
    assert order_queue(*world.view.now(), context=models()) is not None
    assert llm.answered - before == asked


def test_a_paid_model_whose_cap_is_reached_stops_no_queue(
    world: MadeUp, llm: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People go on with tasks that are chosen without it, and see no pre-annotations."""
    next_round(world)
    turn(world.view, models())
    deploy(*world.view.now(), fits(world)[0].version, reason="the test says so")
    monkeypatch.setenv("LABELLOOP_LLM_CAP", "0.0001")
    head = order_queue(*world.view.now(), context=models())

    assert head is not None
    assert len(head.items) >= 10
    assert all(item.prediction is None for item in head.items)
