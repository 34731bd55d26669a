"""What people did in a real Label Studio reaches us, and what they took back leaves."""

import json
from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest
from structlog.testing import capture_logs

from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Origin, TaskState
from labelloop.domain.values import Choice
from sync import pull
from sync.client import LabelStudio
from sync.wire import WireProject
from tests.sync.conftest import choice
from workers.local.label_studio import RunningLabelStudio


class Project:
    """A project's tasks, and Label Studio's API where our client has no use for it."""

    def __init__(self, client: LabelStudio, project_id: int, field: Field, server: RunningLabelStudio) -> None:
        self.id, self.client, self.field = project_id, client, field
        self.raw = httpx.Client(base_url=server.url, headers={"Authorization": f"Token {server.token}"}, timeout=60)
        self.ids = client.import_tasks(project_id, [{"data": {"text": f"text {n}"}} for n in range(4)])

    def pull(self, since: datetime | None = None) -> dict[int, TaskState]:
        return {state.task.id: state for state in pull.states(self.client, self.id, self.field, since=since)}

    def only(self, task: int) -> Annotation:
        (annotation,) = self.pull()[task].annotations
        return annotation

    def act(self, action: str, task: int) -> None:
        body = {"selectedItems": {"all": False, "included": [task]}}
        self.raw.post("/api/dm/actions", params={"id": action, "project": self.id}, json=body).raise_for_status()


@pytest.fixture
def tasks(
    client: LabelStudio, project: WireProject, field: Field, label_studio: RunningLabelStudio
) -> Iterator[Project]:
    """Yield a project with four tasks."""
    made = Project(client, project.id, field, label_studio)
    yield made
    made.raw.close()


def test_a_pull_sees_what_was_made_changed_skipped_and_deleted(
    tasks: Project, client: LabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each change brings its task again, with all the annotations it then has, and nothing else."""
    monkeypatch.setattr(pull, "OVERLAP", pull.OVERLAP * 0)
    first, second, third, _ = tasks.ids
    cursor = max(state.updated_at for state in tasks.pull().values())

    def changed() -> dict[int, TaskState]:
        nonlocal cursor
        seen = tasks.pull(cursor)
        fresh = {task: state for task, state in seen.items() if state.updated_at > cursor}
        cursor = max(state.updated_at for state in seen.values())
        return fresh

    assert changed() == {}
    made = client.annotate(first, [choice("good")], lead_time=1.5)
    (state,) = changed().values()
    (seen,) = state.annotations
    assert (seen.id, seen.task_id, seen.value, seen.lead_time) == (made.id, first, Choice("good"), 1.5)
    assert (seen.origin, seen.skipped, seen.annotator_id) == (Origin.MANUAL, False, client.whoami().id)
    assert state.task.text == "text 0"

    tasks.raw.patch(f"/api/annotations/{made.id}/", json={"result": [choice("b")]}).raise_for_status()
    (state,) = changed().values()
    assert [(a.id, a.value) for a in state.annotations] == [(made.id, Choice("b"))]
    assert state.annotations[0].judged_at > made.updated_at

    client.annotate(second, [choice("good")], was_cancelled=True)
    (state,) = changed().values()
    assert [(a.value, a.skipped) for a in state.annotations] == [(None, True)]

    tasks.raw.delete(f"/api/annotations/{made.id}/").raise_for_status()
    assert {task: state.annotations for task, state in changed().items()} == {first: ()}

    draft = {"result": [choice("good")], "lead_time": 1}
    tasks.raw.post(f"/api/tasks/{third}/drafts", json=draft).raise_for_status()
    assert changed() == {}
    assert tasks.pull()[third].annotations == ()


def test_the_window_before_the_cursor_is_read_again(tasks: Project) -> None:
    """A transaction that ends late is not missed: what was stamped shortly before the cursor comes again."""
    everything = tasks.pull()
    cursor = max(state.updated_at for state in everything.values())
    assert tasks.pull(cursor + pull.OVERLAP / 2).keys() == everything.keys()
    assert tasks.pull(cursor + pull.OVERLAP * 2) == {}


def test_a_task_that_label_studio_cannot_read_is_left_out_until_it_is_mended(
    tasks: Project, client: LabelStudio
) -> None:
    """Half a character makes Label Studio answer HTTP 500 for the task: the others arrive, and a warning names it."""
    cursor = max(state.updated_at for state in tasks.pull().values())
    _, poisoned, third, _ = tasks.ids
    body = json.dumps({"result": [{**choice("good"), "meta": {"text": "\ud83d"}}]}).encode()
    json_body = {"Content-Type": "application/json"}
    tasks.raw.post(f"/api/tasks/{poisoned}/annotations/", content=body, headers=json_body)
    client.annotate(third, [choice("good")])
    for since in (None, cursor):
        with capture_logs() as lines:
            found = tasks.pull(since)
        assert found.keys() == set(tasks.ids) - {poisoned}
        assert [a.value for a in found[third].annotations] == [Choice("good")]
        (line,) = lines
        assert (line["log_level"], line["project"], line["task"]) == ("warning", tasks.id, poisoned)
        assert "docs/controls.md" in line["because"]

    tasks.act("delete_tasks_annotations", poisoned)
    assert tasks.pull(cursor)[poisoned].annotations == ()


def test_imported_annotations_are_told_from_peoples(tasks: Project, client: LabelStudio) -> None:
    """An import, whether or not it calls itself ground truth, stays IMPORTED until a person saves it."""
    given = {"result": [choice("good")], "completed_by": client.whoami().id}
    truth, plain, empty = client.import_tasks(
        tasks.id,
        [
            {"data": {"text": "a"}, "annotations": [given]},
            {"data": {"text": "b"}, "annotations": [{**given, "id": 5, "ground_truth": False, "lead_time": 3.0}]},
            {"data": {"text": "c"}, "annotations": [{**given, "result": []}]},
        ],
    )
    seen = tasks.only(truth)
    assert (seen.origin, seen.ground_truth, seen.value) == (Origin.IMPORTED, True, Choice("good"))
    seen = tasks.only(plain)
    assert (seen.origin, seen.ground_truth, seen.value) == (Origin.IMPORTED, False, Choice("good"))
    assert tasks.only(empty).value is None

    tasks.raw.patch(f"/api/annotations/{seen.id}/", json={"result": [choice("b")]}).raise_for_status()
    seen = tasks.only(plain)
    assert (seen.origin, seen.value) == (Origin.MANUAL, Choice("b"))


def test_ground_truth_is_seen(tasks: Project, client: LabelStudio) -> None:
    """The star that a person sets on an annotation reaches us, and its origin stays theirs."""
    made = client.annotate(tasks.ids[0], [choice("good")])
    tasks.raw.patch(f"/api/annotations/{made.id}/", json={"ground_truth": True}).raise_for_status()
    assert (tasks.only(tasks.ids[0]).ground_truth, tasks.only(tasks.ids[0]).origin) == (True, Origin.MANUAL)


def test_pre_annotations_taken_over_in_bulk_are_imported(tasks: Project, client: LabelStudio) -> None:
    """What that action makes is nobody's judgement; from a blind prediction it says nothing at all."""
    shown, blind, *_ = tasks.ids
    rows: list[dict[str, object]] = [
        {"task": shown, "result": [choice("good")], "score": 0.1, "model_version": "v1"},
        {"task": blind, "result": [], "score": 0.2, "model_version": "v1"},
    ]
    client.import_predictions(tasks.id, rows)
    for task, value in ((shown, Choice("good")), (blind, None)):
        tasks.act("predictions_to_annotations", task)
        seen = tasks.only(task)
        assert (seen.origin, seen.value) == (Origin.IMPORTED, value)
        assert seen.shown_prediction is not None


def test_accepting_and_correcting_are_told_apart(tasks: Project, client: LabelStudio) -> None:
    """What was shown and what was submitted are compared; an empty prediction was shown to nobody."""
    accepted, corrected, blind, _ = tasks.ids
    for task in (accepted, corrected):
        row = {"task": task, "result": [choice("good")], "score": 0.1, "model_version": "v1"}
        client.import_predictions(tasks.id, [row])
    client.import_predictions(tasks.id, [{"task": blind, "result": [], "score": 0.1, "model_version": "v1"}])
    shown = {
        task.id: task.predictions[0].id for page in client.task_pages(tasks.id) for task in page if task.predictions
    }
    for task, label in ((accepted, "good"), (corrected, "b"), (blind, "good")):
        client.annotate(task, [choice(label)], parent_prediction=shown[task])
    origins = {task: tasks.only(task).origin for task in (accepted, corrected, blind)}
    assert origins == {accepted: Origin.ACCEPTED, corrected: Origin.CORRECTED, blind: Origin.MANUAL}
    assert tasks.only(accepted).shown_prediction == shown[accepted]


def test_deleted_tasks_are_found(tasks: Project, client: LabelStudio) -> None:
    """Also when as many were imported as deleted, once the new ones were pulled."""
    known = set(tasks.pull())
    assert pull.deleted(client, tasks.id, known) == set()

    client.delete_task(tasks.ids[0])
    assert pull.deleted(client, tasks.id, known) == {tasks.ids[0]}

    client.import_tasks(tasks.id, [{"data": {"text": "new"}}])
    known |= set(tasks.pull())
    assert pull.deleted(client, tasks.id, known) == {tasks.ids[0]}


def test_tasks_without_text_are_pulled_empty(tasks: Project, client: LabelStudio) -> None:
    """A number, nothing, or NUL alone where the text should be is no text; duplicates are two tasks."""
    ids = client.import_tasks(tasks.id, [{"data": {"text": text}} for text in (7, "", "\x00", "same", "same", ["a"])])
    states = tasks.pull()
    assert [states[task].task.text for task in ids] == ["", "", "", "same", "same", ""]
    assert states[ids[3]].task.fingerprint == states[ids[4]].task.fingerprint
