"""What an LLM costs, as people and scripts are told: `spending`, `estimate`, and the candidates of `status`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labelloop.encoders.open_encoder import load_encoder
from labelloop.learners.base import FitContext
from labelloop.llm.cost_center import CostCenter
from labelloop.settings import Settings
from labelloop.steps.close_round import close_round
from labelloop.steps.deployments import deploy
from labelloop.steps.evaluate import evaluate
from labelloop.steps.fit import tune
from labelloop.steps.model_store import load_model
from labelloop.steps.workspace import FitFolder
from labelloop.stores.book import Book
from tests.cli.conftest import Run
from tests.cli.loop import judge, played
from tests.core.opened_project import OpenedProject
from tests.llm.server import Fault, ScriptedLLM
from tests.llm.stage import fitting, models, name
from workers.jobs.llm_costs_of_settings import open_llm_costs


def right(text: str) -> dict[str, Any]:
    return {"label": {"lovely": "good", "awful": "bad", "还行": "还行"}[text.split()[0]]}


@pytest.fixture
def llm(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedLLM]:
    """Yield a server that knows the moods, named in the environment."""
    with ScriptedLLM(right) as server:
        name(server, monkeypatch, data_dir)
        yield server


@pytest.fixture
def prompted(llm: ScriptedLLM, book: Book, tmp_path: Path) -> OpenedProject:
    """Return a project after a round, for which a prompted LLM has competed late."""
    view, encode = played(book, rounds=1), load_encoder(Settings())
    place = FitFolder(tmp_path, view.id, 1, "prompt")
    assert not tune(*view.now(), place, fitting(encode, place.made())).failure
    evaluate(*view.now(), 1, context=models(encode))
    return view


def test_status_counts_texts_without_a_readable_answer(run: Run, llm: ScriptedLLM, prompted: OpenedProject) -> None:
    """By reason, each text once, however often it is asked; one that is answered after all counts no more."""
    (fit,) = (one for one in prompted.state.looped.fits if one.learner == "prompt")
    model = load_model(prompted.book, fit, context=models(load_encoder(Settings())))

    def counted() -> dict[str, int]:
        return dict(json.loads(run("status", "7", "--json").out)["unreadable_of_llm"])

    assert counted() == {}

    llm.always = Fault(words='{"label": null}')
    for _ in range(2):
        assert all(one.fallback for one in model.predict(["lovely new text", "awful new text"]))
    llm.always = Fault(words="I am a poet.")
    model.predict(["lovely other text"])
    assert counted() == {"null instead of an answer": 2, "no JSON object": 1}
    told = run("status", "7").out
    assert "no readable answer about 3 texts (null instead of an answer: 2; no JSON object: 1): left to people" in told

    open_llm_costs(Settings(), prompted.book.ledger).answered(CostCenter(7, 1), {"lovely new text": ""})
    assert counted() == {"null instead of an answer": 1, "no JSON object": 1}


def test_status_compares_the_newest_candidates(run: Run, prompted: OpenedProject) -> None:
    """Learner, version, agreement with its interval, cost and time; which one serves."""
    shown = {row["learner"]: row for row in json.loads(run("status", "7", "--json").out)["candidates"]}
    told = run("status", "7").out

    assert {learner: row["serves"] for learner, row in shown.items()} == {"linear": True, "prompt": False}
    assert shown["prompt"]["agreement"] == 1.0
    assert shown["prompt"]["low"] < 1.0
    assert shown["prompt"]["cost_per_1000"] > 0
    assert shown["linear"]["cost_per_1000"] == 0
    assert min(row["ms_per_text"] for row in shown.values()) > 0
    assert "cost of 1,000" in told
    assert "▶" in told
    assert "…" not in told


def test_spending_is_told_by_round_and_against_the_cap(run: Run, llm: ScriptedLLM, prompted: OpenedProject) -> None:
    """The figures are the server's own."""
    shown = json.loads(run("spending", "7", "--json").out)
    paid = (llm.tokens_in * 1.0 + llm.tokens_out * 4.0) / 1e6
    told = run("spending").out

    assert (shown["project"], shown["cap"], shown["unknown"]) == (7, 5.0, 0)
    assert (shown["requests"], shown["tokens_in"]) == (llm.answered, llm.tokens_in)
    assert shown["cost"] == pytest.approx(paid)
    assert shown["left"] == pytest.approx(5.0 - paid)
    assert [row["round"] for row in shown["rounds"]] == [1]
    assert shown["rounds"][0]["tokens_out"] == llm.tokens_out
    assert "of 5.00 spent" in told
    assert f"{llm.tokens_in:,}" in told
    assert json.loads(run("spending", "--json").out) == [shown]


def test_nothing_spent_is_told_without_leaving_a_file(run: Run, book: Book, data_dir: Path) -> None:
    """Asking what was spent changes nothing; a project that was never connected is refused."""
    played(book, rounds=0)
    assert json.loads(run("spending", "7", "--json").out)["cost"] == 0
    assert "0 of 5.00" in run("spending", "7").out
    assert not (data_dir / "llm.sqlite").exists()
    assert run("spending", "9").status == 2


def test_an_estimate_asks_nobody_and_costs_nothing(run: Run, llm: ScriptedLLM, prompted: OpenedProject) -> None:
    """What the open tasks would cost at most, with a version by name or the one that serves."""
    asked = llm.answered
    version = prompted.ledger.versions(7)[-1]
    shown = json.loads(run("estimate", "7", "--version", version, "--json").out)
    deploy(*prompted.now(), version, reason="by hand")

    assert (shown["tasks"], shown["requests"], shown["learner"]) == (40, 40, "prompt")
    assert 0 < shown["cost"] < shown["left"] < 5
    assert "at most" in run("estimate", "7").out
    assert llm.answered == asked


def test_an_estimate_of_a_model_without_an_llm_is_nothing(run: Run, book: Book, tmp_path: Path) -> None:
    """Its labels are free; before there is a version, the message says what to wait for."""
    view = played(book, rounds=0)
    early = run("estimate", "7")
    judge(view, 1)
    assert close_round(*view.now(), asked=True)
    place = FitFolder(tmp_path, view.id, 1, "linear")
    tune(*view.now(), place, FitContext(load_encoder(Settings()), place.made()))
    free = json.loads(run("estimate", "7", "--version", "v1", "--json").out)

    assert early.status == 2
    assert "has no version yet" in early.err
    assert (free["requests"], free["cost"], free["left"]) == (0, 0, 5)
    assert "cost nothing" in run("estimate", "7", "--version", "v1").out
