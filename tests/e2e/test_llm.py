"""An LLM from the first answer on: it labels before people do, they correct it, and it is told better."""

import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from labelloop.domain.records import Decision, Evaluation, Fit, Publication
from labelloop.domain.tasks import Origin, Role
from labelloop.rules import Rules
from labelloop.steps.deploy import UNMEASURED
from sync.api.client import LabelStudio
from sync.api.wire import WireTask
from tests.core.opened_project import OpenedProject
from tests.e2e.command_line import command
from tests.e2e.world import TRUTH, World, has_content, label_of, of_role, rounds, settled
from tests.llm.server import ScriptedLLM, wants_edits
from workers.demo.annotators import answer

LABELS = ("happy", "angry")
RULE = "The mood of whoever writes, in their own words."
RULES = Rules(
    round_size=24,
    round_growth=0,
    monitor_size=24,
    monitor_share=0.3,
    queue_rounds=1,
    learners=("linear", "prompt", "contrastive"),
    fit_minutes=0.5,
)


def truth(text: str) -> str:
    """Return what people say of a text; no encoder can see why."""
    return LABELS[zlib.crc32(text.encode()) % 2]


def says(_: LabelStudio, text: str) -> str:
    """Say what is true."""
    return truth(text)


def does_as_told(system: str, text: str) -> dict[str, Any]:
    """Answer as somebody who is right one time in four, until the guideline has the rule."""
    right = RULE in system or zlib.crc32(text.encode()) // 2 % 4 == 0
    return {"label": truth(text) if right else LABELS[1 - LABELS.index(truth(text))]}


@pytest.fixture
def told(llm: ScriptedLLM) -> Iterator[ScriptedLLM]:
    """Return the LLM, which follows the guideline and proposes the rule that it lacks."""
    llm.reads = does_as_told
    llm.edits = lambda _: json.dumps({"edits": [{"label": "happy", "rule": RULE}]})
    yield llm
    llm.reads, llm.edits = None, lambda _: '{"edits": []}'


def test_an_llm_answers_first_is_corrected_and_serves_where_it_is_the_best(world: World, told: ScriptedLLM) -> None:
    """Its answers are there before any label; after round 1 it competes with the others under a better guideline."""
    view = world.project(RULES, title="LLM")
    first_answers_are_there(world, view, told)

    for person in world.people:
        for task in everything(world, view):
            if task.id in of_role(view, Role.MONITOR):
                person.annotate(task.id, answer(view.state.field, truth(str(task.data["text"])), None), lead_time=3.0)
    world.label_until_round(view, 1, says=says)
    corrected = [a for a in view.mirror.annotations() if a.origin is Origin.CORRECTED]
    assert corrected, "people corrected what the LLM said"
    every = set(RULES.learners)
    world.wait(lambda: fitted(view, 1) == every and settled(view), "every learner of round 1", 600)

    found = {f.learner: f for f in view.ledger.all(Fit, view.id, round_number=1)}
    assert {learner: fit.failure for learner, fit in found.items()} == dict.fromkeys(every, "")
    measured = {e.version: e for e in view.ledger.all(Evaluation, view.id, round_number=1)}
    assert measured.keys() == {"v1", *(fit.version for fit in found.values())}
    assert all(e.n == 24 for e in measured.values())
    best = max(measured.values(), key=lambda e: e.agreement or 0)
    deployed = view.state.deployed
    assert deployed
    assert (deployed.version, deployed.learner, best.agreement) == (best.version, "prompt", 1.0)
    assert (measured["v1"].agreement or 0) < 0.6
    costs = {learner: measured[fit.version].cost_per_1000 for learner, fit in found.items()}
    assert costs["prompt"] > 0
    assert costs["linear"] == costs["contrastive"] == 0
    assert all(e.ms_per_text > 0 for e in measured.values())
    assert world.context.label_studio.project(view.id).model_version == view.state.published_name

    guideline_is_better(world, view, told)
    everything_stands_in_one_table(world, view, set(measured))


def first_answers_are_there(world: World, view: OpenedProject, told: ScriptedLLM) -> None:
    """Check what people see before anybody has labelled anything."""
    world.wait(lambda: view.state.published_name == "v1" and settled(view), "the first answers")
    assert view.mirror.annotations() == []
    assert rounds(view) == 0
    assert [(f.round_number, f.learner, f.labels) for f in view.ledger.all(Fit, view.id)] == [(0, "prompt", 0)]
    assert world.context.label_studio.project(view.id).model_version == "v1"
    audit, published = of_role(view, Role.MONITOR), view.ledger.newest(Publication, view.id)
    assert published
    shown = {t.id: p for t in everything(world, view) for p in t.predictions if p.model_version == "v1"}
    answered = {task for task, prediction in shown.items() if has_content(view, prediction.result)}
    assert (len(shown), len(answered)) == (published.tasks, published.tasks - published.blind)
    assert answered == shown.keys() - audit
    assert len(answered) == RULES.round_size
    texts = {t.id: str(t.data["text"]) for t in everything(world, view)}
    assert all(label_of(view, shown[task].result) == does_as_told("", texts[task])["label"] for task in answered)
    asked = {question(body) for body in told.requests}
    assert asked & set(TRUTH) == {texts[task] for task in answered}
    next_one = world.people[0].next_task(view.id)
    assert next_one
    assert next_one.predictions[0].model_version == "v1"
    assert has_content(view, next_one.predictions[0].result) is (next_one.id not in audit)
    status = status_of(world, view)
    assert (status["deployed"], status["deployed_reason"], status["rounds"]) == ("v1", UNMEASURED, [])


def guideline_is_better(world: World, view: OpenedProject, told: ScriptedLLM) -> None:
    """Check that the LLM was asked for better rules, once, and that its proposal is in the version that serves."""
    deployed = view.state.deployed
    assert deployed
    with view.book.artifacts.folder(deployed.artifact) as folder:
        assert RULE in (folder / "model" / "prompt.md").read_text("utf-8")
        assert json.loads((folder / "model" / "refinement.json").read_text("utf-8"))["outcome"] == "accepted"
    assert sum(map(wants_edits, told.requests)) == 1
    assert RULE in command(world, "guideline", str(view.id))


def everything_stands_in_one_table(world: World, view: OpenedProject, versions: set[str]) -> None:
    """Check that scripts and people are shown every version with its agreement, interval, cost and latency."""
    status = status_of(world, view)
    rows = {row["version"]: row for row in status["candidates"]}
    assert rows.keys() == versions
    assert {row["learner"] for row in rows.values()} == set(RULES.learners)
    assert all(0 <= row["low"] <= row["agreement"] <= row["high"] <= 1 for row in rows.values())
    assert all(row["ms_per_text"] > 0 for row in rows.values())
    assert all((row["cost_per_1000"] > 0) is (row["learner"] == "prompt") for row in rows.values())
    (serving,) = (version for version, row in rows.items() if row["serves"])
    assert serving == status["deployed"] == view.ledger.all(Decision, view.id, round_number=1)[-1].winner
    table = command(world, "status", str(view.id)).splitlines()
    shown = {version: [line.split() for line in table if f" {version} " in line] for version in versions}
    assert all(any(rows[version]["learner"] in line for line in lines) for version, lines in shown.items())
    assert any(line[:3] == ["▶", "prompt", serving] for line in shown[serving])


def status_of(world: World, view: OpenedProject) -> dict[str, Any]:
    """Return what `labelloop status --json` tells a script."""
    told = json.loads(command(world, "status", str(view.id), "--json"))
    found: dict[str, Any] = told[0] if isinstance(told, list) else told
    return found


def fitted(view: OpenedProject, number: int) -> set[str]:
    """Return the learners that were fitted to a round."""
    return {fit.learner for fit in view.ledger.all(Fit, view.id, round_number=number)}


def everything(world: World, view: OpenedProject) -> list[WireTask]:
    """Return every task as Label Studio now holds it."""
    return [task for page in world.context.label_studio.task_pages(view.id) for task in page]


def question(body: dict[str, Any]) -> str:
    """Return the text that a request is about."""
    return str(json.loads(body["messages"][-1]["content"]).get("text"))
