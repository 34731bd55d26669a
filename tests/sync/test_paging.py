"""Tasks that Label Studio itself cannot read, on a scripted Label Studio."""

import json

import httpx
import pytest
from structlog.testing import capture_logs

from labelloop.errors import NeighbourError
from sync.api.client import LabelStudio

WHEN = "2026-11-22T12:00:00.000000Z"


class Shelf:
    """Answers task lists of 450 tasks, with HTTP 500 whenever an unreadable one would be among them."""

    def __init__(self, *unreadable: int, broken: bool = False) -> None:
        self.unreadable, self.broken, self.requests = set(unreadable), broken, 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        items = json.loads(request.url.params["query"])["filters"]["items"]
        ids = [id_ for id_ in range(1, 451) if _passes(id_, items)][: int(request.url.params["page_size"])]
        slim = request.url.params.get("fields") is None
        if self.broken or (not slim and self.unreadable & set(ids)):
            return httpx.Response(500, json={"detail": "surrogates not allowed"})
        return httpx.Response(200, json={"tasks": [{"id": id_, "data": {}, "updated_at": WHEN} for id_ in ids]})


def _passes(id_: int, items: list[dict[str, object]]) -> bool:
    wanted = {item["value"] for item in items if item["operator"] == "equal"}
    return id_ in wanted if wanted else all(id_ > int(str(item["value"])) for item in items)


def client(shelf: Shelf) -> LabelStudio:
    return LabelStudio("http://ls", "legacy", pause_s=0, transport=httpx.MockTransport(shelf))


def test_only_the_unreadable_tasks_are_left_out() -> None:
    """Wherever they stand, at a page's end too; each is named once, in few requests."""
    shelf = Shelf(1, 7, 200, 450)
    with client(shelf) as studio, capture_logs() as lines:
        found = [task for page in studio.task_pages(3, page_size=200) for task in page]
    assert [task.id for task in found] == list(range(1, 451))
    assert {task.id for task in found if task.unreadable} == shelf.unreadable
    assert "half a character" in found[0].unreadable
    assert [line["task"] for line in lines] == [1, 7, 200, 450]
    assert shelf.requests < 80


def test_tasks_asked_for_by_id_are_read_without_the_unreadable_one() -> None:
    """A change of one task is not lost because of another."""
    with client(Shelf(3)) as studio, capture_logs():
        assert {task.id: bool(task.unreadable) for task in studio.tasks(1, [2, 3, 4])} == {2: False, 3: True, 4: False}
        assert [task.id for task in studio.tasks(1, [3])] == [3]


@pytest.mark.parametrize(
    ("row", "left_out"),
    [
        ({"annotations": [{"id": 1, "created_at": WHEN, "updated_at": WHEN, "result": None}]}, ""),
        ({"predictions": [{"id": 1, "result": None}, None, {"id": 2, "score": "high"}, {"id": 3, "result": {}}]}, ""),
        ({"predictions": None}, ""),
        ({"annotations": [{"id": 1, "created_at": WHEN, "updated_at": WHEN, "result": "x"}]}, "annotations.0.result"),
        ({"annotations": None}, "annotations"),
        ({"data": "text"}, "data"),
    ],
)
def test_a_row_that_cannot_be_read_leaves_out_its_own_task_at_most(row: dict[str, object], left_out: str) -> None:
    """What Label Studio stores oddly stops no project; what only tells which prediction was shown is done without."""

    def answers(request: httpx.Request) -> httpx.Response:
        sound = {"data": {}, "updated_at": WHEN}
        return httpx.Response(200, json={"tasks": [{"id": 1, **sound}, {"id": 2, **sound, **row}, {"id": 3, **sound}]})

    with LabelStudio("http://ls", "legacy", transport=httpx.MockTransport(answers)) as studio, capture_logs():
        ((one, odd, other),) = studio.task_pages(1)
    assert (one.unreadable, other.unreadable) == ("", "")
    assert left_out in odd.unreadable
    assert bool(odd.unreadable) == bool(left_out)


def test_a_label_studio_that_fails_at_everything_is_no_unreadable_task() -> None:
    """Then nothing is left out: we come back later."""
    with client(Shelf(broken=True)) as studio:
        for call in (lambda: list(studio.task_pages(1)), lambda: studio.tasks(1, [2]), lambda: studio.tasks(1, [2, 3])):
            with pytest.raises(NeighbourError, match="HTTP 500"):
                call()
