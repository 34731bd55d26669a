"""What people did in a real Label Studio reaches us, and what they took back leaves."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from structlog.testing import capture_logs

from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Origin, TaskState
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice
from sync import pull
from sync.api.client import LabelStudio
from sync.api.wire import WireProject
from tests.sync.conftest import choice
from workers.local.label_studio import RunningLabelStudio


class Project:
    """A project's tasks, and Label Studio's API where our client has no use for it."""

    def __init__(self, client: LabelStudio, project_id: int, field: Field, server: RunningLabelStudio) -> None:
        self.id, self.client, self.field = project_id, client, field
        self.raw = httpx.Client(base_url=server.url, headers={"Authorization": f"Token {server.token}"}, timeout=60)
        self.ids = client.import_tasks(project_id, [{"data": {"text": f"text {n}"}} for n in range(4)])

    def pull(self, since: datetime | None = None) -> dict[int, TaskState]:
        return {state.task.id: state for state in pull.states(self.client, self.id, [self.field], since=since)}

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


def test_a_pull_brings_what_a_task_was_imported_with(tasks: Project, client: LabelStudio) -> None:
    """All keys of its data, and its meta."""
    data = {"text": "还行", "row": 7, "tags": ["a", {"b": None}]}
    (made,) = client.import_tasks(tasks.id, [{"data": data, "meta": {"from": "a.csv"}}])
    assert json.loads(tasks.pull()[made].own) == {"data": data, "meta": {"from": "a.csv"}}


def test_a_closed_task_is_given_to_nobody_until_it_is_opened(tasks: Project, client: LabelStudio) -> None:
    """As a released one is, and one that is put back."""
    first, *others = tasks.ids
    for task in others:
        client.close_task(task)
    given = client.next_task(tasks.id)
    assert given is not None
    assert given.id == first
    client.annotate(first, [choice("good")])
    assert client.next_task(tasks.id) is None
    client.set_overlap(others[0], 1)
    again = client.next_task(tasks.id)
    assert again is not None
    assert again.id == others[0]


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
        assert found.keys() == set(tasks.ids)
        assert {id_ for id_, state in found.items() if state.unreadable} == {poisoned}
        assert [a.value for a in found[third].annotations] == [Choice("good")]
        (line,) = lines
        assert (line["log_level"], line["task"], line["reason"]) == ("warning", poisoned, found[poisoned].unreadable)
        assert "docs/controls.md" in line["reason"]

    tasks.act("delete_tasks_annotations", poisoned)
    assert tasks.pull(cursor)[poisoned].annotations == ()


def test_what_programs_store_without_a_result_stops_no_project(tasks: Project, client: LabelStudio) -> None:
    """A skip, an annotation and a prediction whose result is null: the skip stays one, the others say nothing."""
    skipped, said, predicted, sound = tasks.ids
    tasks.raw.post(f"/api/tasks/{skipped}/annotations/", json={"was_cancelled": True}).raise_for_status()
    tasks.raw.post(f"/api/tasks/{said}/annotations/", json={}).raise_for_status()
    odd = {"task": predicted, "result": {"a": 1}, "model_version": "other"}
    tasks.raw.post("/api/predictions/", json=odd).raise_for_status()
    client.annotate(sound, [choice("good")])
    found = tasks.pull()
    assert {id_: [a.unanswered for a in state.annotations] for id_, state in found.items()} == {
        skipped: [Unanswered.SKIPPED],
        said: [Unanswered.EMPTY],
        predicted: [],
        sound: [None],
    }
    assert not any(state.unreadable for state in found.values())


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


def test_a_full_look_finds_what_no_cursor_would(tasks: Project, client: LabelStudio) -> None:
    """Deleted tasks, and labels that a clock put back has stamped long ago: by when each task last changed."""
    known = {task: state.updated_at for task, state in tasks.pull().items()}
    news, gone = pull.full_look(client, tasks.id, [tasks.field], known)
    assert (list(news), gone) == ([], set())

    client.sdk.tasks.delete(tasks.ids[0])
    client.annotate(tasks.ids[1], [choice("good")])
    (new,) = client.import_tasks(tasks.id, [{"data": {"text": "new"}}])
    news, gone = pull.full_look(client, tasks.id, [tasks.field], known)
    assert ({state.task.id: len(state.annotations) for state in news}, gone) == (
        {tasks.ids[1]: 1, new: 0},
        {tasks.ids[0]},
    )


def test_label_studios_clock_and_counts_are_known(tasks: Project, client: LabelStudio) -> None:
    """Its clock comes with every answer; what it counts is what a pull brings, skipped annotations included."""
    client.annotate(tasks.ids[0], [choice("good")])
    client.annotate(tasks.ids[1], [], was_cancelled=True)
    assert client.counts(tasks.id) == (4, sum(len(state.annotations) for state in tasks.pull().values())) == (4, 2)
    clock = client.clock()
    assert clock is not None
    assert abs(datetime.now(UTC) - clock) < timedelta(minutes=1)


def test_tasks_without_text_are_pulled_empty(tasks: Project, client: LabelStudio) -> None:
    """Nothing, or NUL alone where the text should be is no text, a number is; duplicates are two tasks."""
    ids = client.import_tasks(tasks.id, [{"data": {"text": text}} for text in (7, "", "\x00", "same", "same", ["a"])])
    states = tasks.pull()
    assert [states[task].task.text for task in ids] == ["7", "", "", "same", "same", "a"]
    assert states[ids[3]].task.fingerprint == states[ids[4]].task.fingerprint
