"""Publications arrive whole in a real Label Studio, in order, or not at all."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from labelloop.domain.predictions import Prediction
from labelloop.domain.queue import QueueItem
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Origin
from labelloop.domain.values import Choice
from labelloop.errors import BrokenPromise, NeighbourError, UserError
from sync import push as pushing
from sync.api.client import LabelStudio
from sync.api.wire import WireProject, WireTask
from sync.pull import state
from sync.push import push, set_overlap
from tests.sync.conftest import CONFIG, choice

START = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def ids(client: LabelStudio, project: WireProject) -> list[int]:
    """Return the project's six tasks."""
    client.update_project(project.id, sampling="Uncertainty sampling", show_collab_predictions=True)
    return client.import_tasks(project.id, [{"data": {"text": f"text {n}"}} for n in range(6)])


def items(ids: Sequence[int], label: str | None = "good") -> list[QueueItem]:
    """Return the tasks in this order, each with the same prediction, or blind."""
    return [
        QueueItem(task, place / len(ids), {"mood": Prediction(Choice(label), 0.5, 0.5)} if label else {})
        for place, task in enumerate(ids)
    ]


def tasks(client: LabelStudio, project: WireProject) -> dict[int, WireTask]:
    return {task.id: task for page in client.task_pages(project.id) for task in page}


def test_people_are_given_the_tasks_in_the_published_order(
    client: LabelStudio, project: WireProject, field: Field, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lowest score first, blind ones among them without content, over several batches, each reported."""
    monkeypatch.setattr(pushing, "BATCH", 4)
    order = [ids[n] for n in (3, 0, 5, 1, 4, 2)]
    queue = items(order)
    queue[1] = QueueItem(order[1], queue[1].score)
    told: list[int] = []

    assert push(client, project.id, CONFIG, [field], "v7", queue, on_progress=told.append) == 6

    assert told == [4, 6]
    assert client.project(project.id).model_version == "v7"
    assert client.model_versions(project.id) == {"v7": 6}
    given = []
    while task := client.next_task(project.id):
        given.append(task.id)
        shown = [] if task.id == order[1] else ["good"]
        (prediction,) = task.predictions
        assert prediction.model_version == "v7"
        assert [r["value"]["choices"] for r in prediction.result] == [shown][: len(shown)]  # type: ignore[index]
        client.annotate(task.id, [choice("b")], parent_prediction=prediction.id)
    assert given == order


def test_a_new_publication_takes_over(client: LabelStudio, project: WireProject, field: Field, ids: list[int]) -> None:
    """The project's version and order are those of the newest publication."""
    push(client, project.id, CONFIG, [field], "v1", items(ids))
    push(client, project.id, CONFIG, [field], "v1.2", items(ids[::-1], "b"))
    assert client.project(project.id).model_version == "v1.2"
    task = client.next_task(project.id)
    assert task
    assert task.id == ids[-1]


def test_pushing_twice_makes_no_doubles(
    client: LabelStudio, project: WireProject, field: Field, ids: list[int]
) -> None:
    """What an earlier push of the same name left is replaced: each task has one prediction, the newer one."""
    assert push(client, project.id, CONFIG, [field], "v1", items(ids)) == 6
    assert push(client, project.id, CONFIG, [field], "v1", items(ids)) == 6
    assert {len(task.predictions) for task in tasks(client, project).values()} == {1}
    assert client.project(project.id).model_version == "v1"


def test_what_an_interrupted_push_left_is_replaced(
    client: LabelStudio, project: WireProject, field: Field, ids: list[int]
) -> None:
    """Half a publication of the same name makes no doubles."""
    client.import_predictions(project.id, [{"task": ids[0], "result": [], "score": 0.9, "model_version": "v1"}])
    assert push(client, project.id, CONFIG, [field], "v1", items(ids)) == 6
    assert all(len(task.predictions) == 1 for task in tasks(client, project).values())


def test_tasks_deleted_meanwhile_are_left_out(
    client: LabelStudio, project: WireProject, field: Field, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Label Studio refuses the whole request for one unknown task; the others are still published, once each."""
    monkeypatch.setattr(pushing, "BATCH", 2)
    client.sdk.tasks.delete(ids[4])
    assert push(client, project.id, CONFIG, [field], "v1", items([*ids, 999_999])) == 5
    assert {task.id: len(task.predictions) for task in tasks(client, project).values()} == dict.fromkeys(
        (n for n in ids if n != ids[4]), 1
    )


def test_without_tasks_the_version_stays(
    client: LabelStudio, project: WireProject, field: Field, ids: list[int]
) -> None:
    """An empty queue, or one of deleted tasks only, changes nothing that people see."""
    push(client, project.id, CONFIG, [field], "v1", items(ids))
    assert push(client, project.id, CONFIG, [field], "v2", []) == 0
    assert push(client, project.id, CONFIG, [field], "v2", items([999_999])) == 0
    assert client.project(project.id).model_version == "v1"


def test_doubtful_predictions_go_blind(client: LabelStudio, project: WireProject, field: Field, ids: list[int]) -> None:
    """A label that the configuration no longer has is never shown, and the task keeps its place."""
    assert push(client, project.id, CONFIG, [field], "v1", items(ids, "gone")) == 6
    assert [task.predictions[0].result for task in tasks(client, project).values()] == [[]] * 6


def test_a_score_outside_its_range_breaks_a_promise(
    client: LabelStudio, project: WireProject, field: Field, ids: list[int]
) -> None:
    """Label Studio would store or drop it without a word."""
    with pytest.raises(BrokenPromise, match="Score must be between"):
        push(client, project.id, CONFIG, [field], "v1", [QueueItem(ids[0], 1.5)])


def test_a_refusal_that_no_deletion_explains_reaches_the_user(
    client: LabelStudio, project: WireProject, field: Field, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not tried for ever."""

    def refuse(*_: object) -> int:
        raise UserError("no")

    monkeypatch.setattr(client, "import_predictions", refuse)
    with pytest.raises(UserError, match="no"):
        push(client, project.id, CONFIG, [field], "v1", items(ids))


class _Losing:
    """Stores what it is given, or half of it, and loses the answer."""

    def __init__(self, client: LabelStudio, share: float, *, answer: bool) -> None:
        self._store, self._share, self._answer = client.import_predictions, share, answer
        self.calls = 0

    def __call__(self, project_id: int, rows: Sequence[Mapping[str, object]]) -> int:
        self.calls += 1
        self._store(project_id, rows[: round(len(rows) * self._share)])
        if not self._answer:
            raise NeighbourError("read time-out")
        return len(rows)


def test_a_lost_answer_is_looked_up_not_sent_again(
    client: LabelStudio, project: WireProject, field: Field, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If everything has arrived the push goes on; each batch was sent once."""
    losing = _Losing(client, 1.0, answer=False)
    monkeypatch.setattr(client, "import_predictions", losing)
    assert push(client, project.id, CONFIG, [field], "v1", items(ids)) == 6
    assert losing.calls == 1
    assert client.model_versions(project.id) == {"v1": 6}


@pytest.mark.parametrize("answer", [True, False])
def test_a_shortfall_is_a_failure_that_a_retry_mends(
    client: LabelStudio, project: WireProject, field: Field, ids: list[int], answer: bool
) -> None:
    """The project's version is not touched, and running the same push again ends whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "import_predictions", _Losing(client, 0.5, answer=answer))
        with pytest.raises(NeighbourError):
            push(client, project.id, CONFIG, [field], "v1", items(ids))
    assert client.project(project.id).model_version == ""
    assert push(client, project.id, CONFIG, [field], "v1", items(ids)) == 6
    assert client.model_versions(project.id) == {"v1": 6}


def test_several_people_are_asked_for_some_tasks(client: LabelStudio, project: WireProject, ids: list[int]) -> None:
    """The overlap of the named tasks is set; a deleted one is passed over."""
    set_overlap(client, [ids[1], 999_999, ids[3]], 2)
    assert [task.overlap for task in tasks(client, project).values()] == [1, 2, 1, 2, 1, 1]


def test_clearing_a_publication_loses_no_annotation(
    client: LabelStudio, project: WireProject, field: Field, ids: list[int]
) -> None:
    """Label Studio forgets what annotations started from, which their regions still tell; a new submit is refused."""
    for name in ("v1", "v2"):
        push(client, project.id, CONFIG, [field], name, items(ids))
    shown = {
        id_: next(p.id for p in task.predictions if p.model_version == "v1")
        for id_, task in tasks(client, project).items()
    }
    client.annotate(ids[0], [choice("good", origin="prediction")], parent_prediction=shown[ids[0]])
    before = client.changed(project.id, START)

    assert pushing.clear(client, project.id, ["v0", "v1", "v2"]) == ["v1"]

    assert (client.model_versions(project.id), client.project(project.id).model_version) == ({"v2": 6}, "v2")
    assert client.changed(project.id, START) == before
    task = tasks(client, project)[ids[0]]
    assert task.annotations[0].parent_prediction is None
    assert state([field], task).annotations[0].origin is Origin.ACCEPTED
    with pytest.raises(UserError, match="Invalid pk"):
        client.annotate(ids[1], [choice("good")], parent_prediction=shown[ids[1]])
