"""The end of the loop on the real thing: certify, judge blind, release, and trace every label to its origin."""

import itertools
import json
import subprocess
import sys

from labelloop.domain.loop import Phase
from labelloop.domain.records import Release
from labelloop.domain.release import ReleaseRow, Source
from labelloop.domain.tasks import Role
from labelloop.rules import Rules
from labelloop.steps.project import ProjectView
from labelloop.stores.release_files import RELEASE_FILE, read_release
from sync.wire import WireTask
from tests.e2e.world import LARGE, World, has_content, of_role, settled

RULES = Rules(round_size=30, round_growth=0, monitor_size=16, monitor_share=0.5, queue_rounds=3)
MAX_ERROR = 0.05


def test_a_project_is_certified_and_released_within_the_promised_error(world: World) -> None:
    """240 texts: blind while it matters, no more wrong labels than promised, no row without an origin."""
    view = world.project(RULES, title="Release", texts=LARGE)
    world.label_until_round(view, 1, most=90)
    world.wait(lambda: settled(view), "the first model")
    pre_annotated = {
        task.id for task in tasks(world, view) if any(has_content(view, p.result) for p in task.predictions)
    }

    command(world, "certify", str(view.id), "--max-error", str(MAX_ERROR), "--confidence", "0.95", "--n", "60")
    drawn = of_role(view, Role.CERTIFY)
    world.wait(lambda: settled(view), "the blind queue")
    assert len(drawn) == 60
    assert drawn & pre_annotated, "some had shown a pre-annotation before"
    assert not contents(world, view, drawn)
    for person in itertools.islice(itertools.cycle(world.people), len(drawn)):
        task = world.label(view, person)
        assert task is not None
        assert task.id in drawn, "people get these tasks before all others"
        assert not any(has_content(view, p.result) for p in task.predictions)
    assert not contents(world, view, drawn), "and while they were judged, none came back"
    world.wait(lambda: status(world, view)["certificate"]["granted"] is not None, "the certificate")
    certificate = status(world, view)["certificate"]
    assert certificate["granted"], certificate["because"]

    command(world, "release", str(view.id))
    world.wait(lambda: not view.missing_chunks() and (settled(view) or view.phase is Phase.ROUNDS), "the predictions")
    finish(world, view)
    found = view.ledger.newest(Release, view.id)
    assert found is not None
    rows = read_release(view.book.artifacts.read(found.artifact, RELEASE_FILE))
    assert len(rows) == len(LARGE)
    assert found.by_model > 0
    assert sum(str(row.value) != LARGE[row.text] for row in rows) / len(rows) <= MAX_ERROR
    trace(world, view, rows)
    world.wait(lambda: status(world, view)["next"] == "nothing: release 1 is written", "the rest of the loop", 60)


def finish(world: World, view: ProjectView) -> None:
    """Let people label what the release leaves to them."""
    for person in itertools.islice(itertools.cycle(world.people), 300):
        if view.phase is Phase.ROUNDS:
            return
        if world.label(view, person) is None:
            world.wait(
                lambda: view.phase is Phase.ROUNDS or bool(view.last_tasks(view.mirror.annotations(), Phase.RELEASE)),
                "the rest of the queue, or the release",
            )
    world.wait(lambda: view.phase is Phase.ROUNDS, "the release")


def trace(world: World, view: ProjectView, rows: list[ReleaseRow]) -> None:
    """Find each row's origin: an annotation in Label Studio, or the model's artifact."""
    said = {a.id: (task.id, a.completed_by) for task in tasks(world, view) for a in task.annotations}
    models = {name for name in view.book.artifacts.names() if name.startswith(f"project-{view.id}/model-")}
    for row in rows:
        if row.source is Source.MODEL:
            assert any(name.endswith(row.model_digest) for name in models)
            assert not row.annotations
        else:
            assert row.annotations
            assert {said[id_] for id_ in row.annotations} == {(row.task_id, who) for who in row.annotators}


def contents(world: World, view: ProjectView, wanted: set[int]) -> set[int]:
    """Return which of the tasks have a prediction with content in Label Studio, of whatever version."""
    found = [task for task in tasks(world, view) if task.id in wanted]
    return {task.id for task in found if any(has_content(view, p.result) for p in task.predictions)}


def tasks(world: World, view: ProjectView) -> list[WireTask]:
    return [task for page in world.tools.label_studio.task_pages(view.id) for task in page]


def status(world: World, view: ProjectView) -> dict:  # type: ignore[type-arg]
    return json.loads(command(world, "status", str(view.id), "--json"))  # type: ignore[no-any-return]


def command(world: World, *words: str) -> str:
    """Run one command of the command line and return what it prints."""
    ran = subprocess.run(
        [sys.executable, "-c", "import sys; from workers.cli import main; sys.exit(main())", *words],
        env=world.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
