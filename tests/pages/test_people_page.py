"""The page of people: what each has done, how far they agree with the others, and when nothing can be said."""

import re
from datetime import timedelta

from flask.testing import FlaskClient

from labelloop.domain.tasks import Annotation, Task, TaskState
from labelloop.domain.values import Choice
from tests.pages.world import NOON, World


def annotate(world: World, tasks: int) -> None:
    """Let two people answer the same audit tasks, of which they differ on every fourth, and the first skip another."""
    world.connect(tasks=5 * tasks)
    ids = [5 * n for n in range(1, tasks + 1)]
    said = {id_: ("Good", "Good", "Bad" if id_ % 20 == 0 else "Good") for id_ in ids}
    states = []
    for id_ in ids:
        given = [
            Annotation(100 * id_ + who, id_, who, Choice(said[id_][who]), NOON, lead_time=10.0 * who) for who in (1, 2)
        ]
        states.append(TaskState(Task(id_, f"text {id_}"), tuple(given), NOON))
    skip = Annotation(1, 1, 1, None, NOON + timedelta(hours=3), skipped=True)
    world.book.mirror(12).put([*states, TaskState(Task(1, "text 1"), (skip,), NOON)])
    world.audited(12, said)


def rows(page: str) -> list[list[str]]:
    """Return the table's cells as text."""
    found = re.findall(r"<tbody><tr>(.*?)</tr></tbody>", page, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in found]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in cells]


def test_before_anybody_annotated_the_page_says_so(client: FlaskClient, world: World) -> None:
    """No empty table."""
    world.connect()
    page = client.get("/projects/12/people").text
    assert "Nobody has annotated yet" in page
    assert "<table" not in page


def test_each_annotator_has_their_figures(client: FlaskClient, world: World) -> None:
    """Tasks, skips, median seconds, agreement with the others on blind tasks with its interval, last active."""
    annotate(world, 40)
    assert rows(client.get("/projects/12/people").text) == [
        ["Annotator 1", "40", "1", "10", "75 % 60–86 % on 40 audit tasks", "2026-11-22 15:00 UTC"],
        ["Annotator 2", "40", "0", "20", "75 % 60–86 % on 40 audit tasks", "2026-11-22 12:00 UTC"],
    ]


def test_of_few_tasks_nothing_is_said(client: FlaskClient, world: World) -> None:
    """A share of four tasks would be read as if it meant something."""
    annotate(world, 4)
    assert [row[4] for row in rows(client.get("/projects/12/people").text)] == ["too few audit tasks (4)"] * 2


def test_who_it_is_can_be_hidden(client: FlaskClient, world: World) -> None:
    """To show the page around; in either language."""
    annotate(world, 20)
    page = client.get("/projects/12/people?who=hidden").text
    assert [row[0] for row in rows(page)] == ["An annotator"] * 2
    assert "Annotator 1" not in page
    assert "一位标注员" in client.get("/projects/12/people?who=hidden&lang=zh").text
