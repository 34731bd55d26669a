"""A project's guideline in the loop: refined in one round, handed on to the next, and always the lead's to decide."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.guideline_records import Guideline
from labelloop.domain.records import Fit, Record
from labelloop.domain.tasks import Role
from labelloop.errors import NotFound, UserError
from labelloop.learners.base import refinement_of
from labelloop.rules import Rules
from labelloop.steps.close_round import close_round
from labelloop.steps.guideline_rulings import (
    current_text,
    diff,
    edit,
    handed,
    history,
    record_refinement,
    rule,
    text_of,
)
from labelloop.steps.model_store import load_model
from labelloop.steps.workspace import FitFolder
from labelloop.stores.ledger import Ledger, open_engine
from labelloop.stores.rebuild import rebuild
from tests.core.made_up import WORDS, MadeUp, fit_all
from tests.llm.server import ScriptedLLM, wants_edits
from tests.llm.stage import models, name

pytestmark = pytest.mark.slow

RULES = Rules(round_size=10, monitor_size=10, queue_rounds=1, learners=("prompt",))
SAID = {"good": WORDS["good"], "bad": WORDS["odd"], "odd": WORDS["bad"]}
"""What the lead's file says: two of the rules are the wrong way round."""


def section(label: str, words: tuple[str, ...]) -> str:
    return f"## {label}\nHas one of: {' '.join(words)}"


def follow(system: str, text: str) -> dict[str, Any]:
    """Say the label whose rule names the text's first word."""
    rules = re.findall(r"^## (\w+)\nHas one of: (.+)$", system, re.M)
    return {"label": next((label for label, words in rules if text.split()[0] in words.split()), "unsure")}


def repair(told: dict[str, Any]) -> str:
    """Propose the right rule of each label that was confused."""
    wrong = sorted({one["right"] for one in told["confusions"]} - {"any"})
    return json.dumps({"edits": [{"label": k, "rule": f"Has one of: {' '.join(WORDS[k])}"} for k in wrong]})


@pytest.fixture
def world(llm: ScriptedLLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MadeUp]:
    """Yield a project whose guideline file has two wrong rules, and a round of 45 labels to learn from."""
    llm.reads, llm.edits = follow, repair
    monkeypatch.chdir(tmp_path)  # where no demo has left its settings
    name(llm, monkeypatch, tmp_path / "data")
    file = tmp_path / "mood.md"
    file.write_text("What mood?\n\n" + "\n\n".join(section(*one) for one in SAID.items()), "utf-8")
    monkeypatch.setenv("LABELLOOP_LLM_GUIDELINE", str(file))
    made = MadeUp(tmp_path, RULES)
    made.add(range(1, 101))
    made.judge_audit()
    next_round(made, 45)
    yield made
    made.book.ledger.engine.dispose()


def next_round(world: MadeUp, count: int = 12) -> None:
    world.judge(world.untouched(count))
    assert close_round(*world.view.now(), asked=True) is not None


def known(world: MadeUp) -> list[tuple[int, str, str, int]]:
    return [(one.number, one.origin, one.outcome, one.basis) for one in history(world.view.state).guidelines]


def test_a_round_refines_the_guideline_and_the_next_one_begins_with_it(world: MadeUp, llm: ScriptedLLM) -> None:
    """The ledger holds both with scores, cost and diff; the version is made of the new one."""
    (fit,) = fit_all(world.view, 1, models())
    found = history(world.view.state).current
    assert found is not None

    assert known(world) == [(1, "file", "accepted", 0), (2, "llm", "accepted", 1)]
    assert (found.round_number, found.learner) == (1, "prompt")
    assert (found.before or 1) < (found.after or 0) == 1.0
    assert found.p_value is not None
    assert found.p_value <= 0.05
    assert found.cost > 0
    assert f"+Has one of: {' '.join(WORDS['bad'])}" in diff(*world.view.now(), found)
    assert world.book.artifacts.read(fit.artifact, "model/guideline.md").decode() == text_of(world.book, found)
    next_round(world)
    llm.requests.clear()
    fit_all(world.view, 2, models())
    assert {body["messages"][0]["content"].split("# How")[0].strip() for body in llm.requests} == {
        text_of(world.book, found).strip()
    }


def test_no_request_of_a_fit_holds_an_audit_task(world: MadeUp, llm: ScriptedLLM) -> None:
    """MONITOR and CERTIFY tasks are neither asked about nor shown, in no message."""
    train, others = world.of(Role.TRAIN), world.of(Role.MONITOR)
    world.book.ledger.add_certify_tasks(7, 1, train[-5:])
    hidden = {world.states[task].task.text for task in [*others, *train[-5:]]}
    fit_all(world.view, 1, models())
    sent = "\n".join(message["content"] for body in llm.requests for message in body["messages"])

    assert any(wants_edits(body) for body in llm.requests)
    assert [text for text in hidden if text in sent] == []


def test_a_fit_that_is_cut_off_while_it_is_recorded_records_everything_once(
    world: MadeUp, llm: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second try begins where the first began, asks nothing, and comes to the same."""
    record = world.book.record

    def fail(given: Record, *about: Any) -> bool:
        if isinstance(given, Fit):
            raise KeyboardInterrupt
        return record(given, *about)

    with monkeypatch.context() as patched:
        patched.setattr(world.book, "record", fail)
        with pytest.raises(KeyboardInterrupt):
            fit_all(world.view, 1, models())
    answered, before = llm.answered, known(world)
    (fit,) = fit_all(world.view, 1, models())

    assert fit.version == "v1"
    assert llm.answered == answered
    assert known(world) == before


def test_the_lead_rejects_and_the_one_before_is_back(world: MadeUp, llm: ScriptedLLM) -> None:
    """Then the next fit begins with the file again, and the same rules are not proposed again."""
    fit_all(world.view, 1, models())
    back = rule(world.view.book, world.view.id, 2, accepted=False)
    next_round(world)
    llm.requests.clear()
    fit_all(world.view, 2, models())
    (asked,) = [json.loads(body["messages"][1]["content"]) for body in llm.requests if wants_edits(body)]

    assert back.number == 1
    assert {one["label"] for one in asked["refused"]} == {"bad", "odd"}
    assert [number for number, *_ in known(world)] == [1, 2]
    assert rule(world.view.book, world.view.id, 2, accepted=True).number == 2


def test_a_changed_file_is_followed_until_something_else_is_accepted(
    world: MadeUp, llm: ScriptedLLM, tmp_path: Path
) -> None:
    """Then it is a guideline among others, which the lead can make current with --edit."""
    llm.edits = lambda told: '{"edits": []}'
    fit_all(world.view, 1, models())
    file = tmp_path / "mood.md"
    file.write_text(file.read_text("utf-8").replace("What mood?", "何种心情?"), "utf-8")
    next_round(world)
    fit_all(world.view, 2, models())
    assert known(world) == [(1, "file", "accepted", 0), (2, "file", "accepted", 1)]
    assert "何种心情?" in current_text(*world.view.now(), str(file))[0]
    rule(world.view.book, world.view.id, 1, accepted=True)
    assert "What mood?" in current_text(*world.view.now(), str(file))[0]
    with pytest.raises(UserError, match=r"'god' names no label of mood \(did you mean good\?\)"):
        edit(*world.view.now(), "Which mood?\n## god\nSmiles.")
    made = edit(*world.view.now(), "Which mood?")
    assert made is not None
    assert edit(*world.view.now(), "Which mood?") is None
    file.write_text("Another one.", "utf-8")
    assert current_text(*world.view.now(), str(file)) == (text_of(world.book, made), "lead")


def test_what_the_test_accepts_waits_for_the_lead_where_the_guideline_changed_meanwhile(
    world: MadeUp, llm: ScriptedLLM
) -> None:
    """His word is not overruled by a fit that began before it."""

    def slow(told: dict[str, Any]) -> str:
        if not known(world):
            edit(*world.view.now(), "The lead's own.")
        return repair(told)

    llm.edits = slow
    fit_all(world.view, 1, models())
    found = history(world.view.state).current

    assert found is not None
    assert found.origin == "lead"
    assert [outcome for _, origin, outcome, _ in known(world) if origin == "llm"] == ["proposed"]
    assert rule(world.view.book, world.view.id, 2, accepted=True).origin == "llm"


def test_wrong_words_of_the_lead_are_explained(world: MadeUp) -> None:
    """Unknown numbers, empty texts, novels, and taking away the only one."""
    edit(*world.view.now(), "The only one.")
    for text in ("", " \n", "x" * 20_001):
        with pytest.raises(UserError, match="20,000"):
            edit(*world.view.now(), text)
    with pytest.raises(NotFound, match="there are: 1"):
        rule(world.view.book, world.view.id, 9, accepted=True)
    with pytest.raises(UserError, match="only one"):
        rule(world.view.book, world.view.id, 1, accepted=False)
    assert history(world.view.state).rulings == ()


def test_the_history_is_rebuilt_from_the_artifacts(world: MadeUp, tmp_path: Path) -> None:
    """Guidelines and what the lead said of them are facts like all others."""
    fit_all(world.view, 1, models())
    rule(world.view.book, world.view.id, 2, accepted=False)
    fresh = Ledger(open_engine(f"sqlite:///{tmp_path / 'fresh.sqlite'}"))
    rebuild(world.book.artifacts, fresh)

    assert fresh.all(Guideline, 7) == world.book.ledger.all(Guideline, 7)
    assert len(history(world.view.state).rulings) == 1
    fresh.engine.dispose()


def test_two_learners_that_come_to_the_same_record_it_once(world: MadeUp, llm: ScriptedLLM, tmp_path: Path) -> None:
    """Both begin before either is recorded, and ask the same LLM, which answers the second from what is kept."""
    places = [FitFolder(tmp_path / "fits", world.view.id, 1, recipe) for recipe in ("prompt", "prompt:scripted")]
    given = [handed(world.view.book, place) for place in places]
    (fit,) = fit_all(world.view, 1, models())
    refinement = refinement_of(load_model(world.book, fit, context=models()))
    assert refinement is not None
    record_refinement(world.view.book, places[1], given[1], refinement)

    assert known(world) == [(1, "file", "accepted", 0), (2, "llm", "accepted", 1)]
