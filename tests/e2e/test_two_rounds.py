"""The main job on the real thing: people label, a model is fitted, its answers come back, people label more."""

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from labelloop.domain.records import ClosedRound, Fit, Publication
from labelloop.domain.tasks import Role
from sync.api.wire import WireTask
from tests.core.opened_project import OpenedProject
from tests.e2e.command_line import command
from tests.e2e.world import CONFIG, TRUTH, World, has_content, label_of, of_role, settled


@dataclass(frozen=True)
class Start:
    """A project after its first round, and what was seen until then."""

    view: OpenedProject
    audit: set[int]
    first_name: str | None
    promised: list[list[int]]
    served: list[list[int]]
    status: dict[str, Any]
    files: dict[str, bytes]


@pytest.fixture(scope="module")
def start(world: World) -> Start:
    """Take a project from no label to its first model."""
    view = world.project()
    audit = of_role(view, Role.MONITOR)
    first_name = world.context.label_studio.project(view.id).model_version
    promised, served = [left_to_do(world, view)[:6]], [serve(world, view, 6)]
    world.label_until_round(view, 1)
    world.wait(lambda: settled(view), "the first model")
    found = json.loads(command(world, "status", str(view.id), "--json"))
    status = found[0] if isinstance(found, list) else found
    return Start(view, audit, first_name, promised, served, status, contents(view, 1))


@pytest.fixture(scope="module")
def two_rounds(world: World, start: Start) -> OpenedProject:
    """Take the project on to its second model; checks on the way."""
    view, studio = start.view, world.context.label_studio
    assert studio.project(view.id).model_version == view.state.published_name == "v1"
    assert ask_backend(world, view)["v1"] > 0
    start.promised.append(left_to_do(world, view)[:6])
    start.served.append(serve(world, view, 6))

    world.label_until_round(view, 2)
    world.wait(lambda: settled(view), "the second round")
    assert view.state.deployed is not None
    assert studio.project(view.id).model_version == view.state.published_name
    assert set(ask_backend(world, view)) <= {view.state.published_name}
    return view


def test_rollback_is_one_command_and_reaches_the_labelling_screen(world: World, two_rounds: OpenedProject) -> None:
    """People see the older version's pre-annotations again, under a new name."""
    view = two_rounds  # nobody has labelled since; the next test closes further rounds
    newest = view.ledger.versions(view.id)[-1]
    command(world, "deploy", str(view.id), newest)
    world.wait(lambda: name(world, view).startswith(newest), "the deployment")

    command(world, "rollback", str(view.id), "--to", "v1")

    world.wait(lambda: settled(view) and name(world, view).split(".")[0] == "v1", "the rollback")
    assert name(world, view) == view.state.published_name
    assert set(ask_backend(world, view)) == {name(world, view)}


def test_two_rounds_turn_by_themselves_and_everything_is_as_promised(
    world: World, start: Start, two_rounds: OpenedProject
) -> None:
    """From an unlabelled project to the second model, by annotations through the API alone."""
    view, audit = two_rounds, start.audit
    assert len(audit) == 16
    assert start.first_name == "v0"
    assert start.served == start.promised
    assert contents(view, 1) == start.files

    finish_audit(world, view)
    for task in all_tasks(world, view):
        if task.id in audit:
            assert not any(has_content(view, p.result) for p in task.predictions), "audit tasks stay blind"
            people = {a.annotator_id for a in task.annotations}
            assert len(people) in (0, 2)
            assert task.overlap == 2 or not people
    judged = [task for task in all_tasks(world, view) if task.id in audit and task.annotations]
    assert judged, "some audit tasks were judged"
    shown = [
        task for task in world.shown[view.id] if task.predictions and has_content(view, task.predictions[0].result)
    ]
    assert {p.model_version for t in shown for p in t.predictions if has_content(view, p.result)} >= {"v1"}


def test_a_round_is_written_as_files_that_people_open(start: Start) -> None:
    """Two columns first, then the origin of every row; no audit task in the training set."""
    view = start.view
    record = view.ledger.newest(ClosedRound, view.id, number=1)
    assert record is not None
    folder = Path(view.book.artifacts.path(record.artifact))

    rows = pd.read_csv(folder / "data_labeled_1.csv")
    training = pd.read_csv(folder / "training_set.csv")

    assert list(rows.columns[:2]) == ["input_text", "label"]
    assert all(TRUTH[text] == label for text, label in zip(rows["input_text"], rows["label"], strict=True))
    assert not set(training["task_id"]) & start.audit
    assert len(training) == record.train >= 10


def test_status_tells_a_script_how_the_project_stands(start: Start) -> None:
    """`labelloop status --json`: rounds, labels per role, versions, agreement, people's agreement, deployed version."""
    found = start.status

    assert [r["number"] for r in found["rounds"]] == [1]
    assert found["labels"]["train"] >= 10
    assert found["labels"]["monitor"] >= 1
    assert [v["name"] for v in found["versions"]] == ["v1"]
    assert found["deployed"] == "v1"
    assert 0 <= found["agreement"]["low"] <= found["agreement"]["value"] <= found["agreement"]["high"] <= 1
    assert found["human_agreement"]["value"] == 1.0
    assert found["verdict"]["outcome"] in {"yes", "not yet", "cannot tell", "guideline needs work"}


def name(world: World, view: OpenedProject) -> str:
    """Return the version whose predictions people are shown."""
    return world.context.label_studio.project(view.id).model_version or ""


def serve(world: World, view: OpenedProject, n: int) -> list[int]:
    """Let the first person do the next n tasks and return these."""
    tasks = [world.label(view, world.people[0]) for _ in range(n)]
    return [task.id for task in tasks if task]


def queue_order(view: OpenedProject) -> list[int]:
    """Return the tasks of the newest publication in the order that was pushed."""
    newest = view.ledger.newest(Publication, view.id)
    assert newest is not None
    with view.book.artifacts.folder(newest.artifact) as folder:
        rows = pd.read_parquet(folder / "queue.parquet").sort_values("score")
    return [int(task) for task in rows["task_id"]]


def left_to_do(world: World, view: OpenedProject) -> list[int]:
    """Return what the first person still has to do, in the order that was pushed."""
    me = world.people[0].whoami().id
    done = {t.id for t in all_tasks(world, view) if t.is_labeled or me in {a.annotator_id for a in t.annotations}}
    return [task for task in queue_order(view) if task not in done]


def all_tasks(world: World, view: OpenedProject) -> list[WireTask]:
    """Return every task as Label Studio now holds it."""
    return list(itertools.chain.from_iterable(world.context.label_studio.task_pages(view.id)))


def finish_audit(world: World, view: OpenedProject) -> None:
    """Let both people work until no audit task waits for its second person."""
    for person in itertools.islice(itertools.cycle(world.people), 120):
        half = [t for t in all_tasks(world, view) if t.id in of_role(view, Role.MONITOR) and len(t.annotations) == 1]
        if not half:
            return
        world.label(view, person)


def contents(view: OpenedProject, number: int) -> dict[str, bytes]:
    """Return a closed round's files."""
    record = view.ledger.newest(ClosedRound, view.id, number=number)
    assert record is not None
    with view.book.artifacts.folder(record.artifact) as folder:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def ask_backend(world: World, view: OpenedProject) -> dict[str, int]:
    """Ask the ML backend about all tasks as Label Studio does; return how many answers each version gave."""
    settings = world.services.settings
    auth = (settings.backend_user, settings.backend_password.get_secret_value())
    tasks = [{"id": task.id, "data": task.data} for task in all_tasks(world, view)]
    body = {"tasks": tasks, "project": f"{view.id}.1", "label_config": CONFIG, "params": {"context": None}}
    expected = view.state.published_name

    def answer() -> dict[str, int]:
        reply = httpx.post(f"{settings.backend_url}/predict", json=body, auth=auth, timeout=60).raise_for_status()
        results = reply.json()["results"]
        assert len(results) == len(tasks)
        said: dict[str, int] = {}
        for task, entry in zip(tasks, results, strict=True):
            if entry:
                assert task["id"] not in of_role(view, Role.MONITOR)
                assert label_of(view, entry["result"])
                said[entry["model_version"]] = said.get(entry["model_version"], 0) + 1
        return said

    world.wait(lambda: set(answer()) == {expected}, "the hot swap")
    return answer()


def test_each_fit_of_the_two_rounds_is_recorded_once(two_rounds: OpenedProject) -> None:
    """One version a learner and round, however often the bell rang."""
    fits = two_rounds.ledger.all(Fit, two_rounds.id)

    assert len({(fit.round_number, fit.learner) for fit in fits}) == len(fits)
