"""The page of people: what each has done, how far they agree with the others, and when nothing can be said."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from labelloop.domain.gold_record import GoldTask
from labelloop.domain.tasks import Annotation, Origin, Task, TaskState
from labelloop.domain.values import Choice
from labelloop.errors import NeighbourError
from labelloop.settings import Settings
from labelloop.state.load import load
from labelloop.stats.intervals import wilson
from labelloop.steps.people_seen import people_seen
from ml_backend.pages import annotator_names
from ml_backend.pages.annotator_names import AnnotatorNames
from ml_backend.pages.people_heat import heat as heat_of
from tests.local.proc import eventually
from tests.pages.world import NOON, World


def annotate(world: World, tasks: int, origins: dict[int, Origin] | None = None) -> None:
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
    world.audited(12, said, learned=dict.fromkeys(origins, "Good") if origins else None, origins=origins)


def rows(page: str) -> list[list[str]]:
    """Return the table's cells as text."""
    table = page.partition('<table class="cards people">')[2].partition("</table>")[0]
    found = re.findall(r"<tbody><tr>(.*?)</tr></tbody>", table, re.DOTALL)
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


def heat(page: str) -> list[list[tuple[str, str]]]:
    """Return the cells of the heat map, each with its class."""
    table = page.partition('<table class="confusion heat">')[2].partition("</table>")[0]
    found = re.findall(r"<tr><th scope=\"row\">.*?</tr>", table, re.DOTALL)
    cells = [re.findall(r'<td class="([^"]*)">(.*?)</td>', row, re.DOTALL) for row in found]
    return [[(kind, re.sub(r"<[^>]+>", "", cell).strip()) for kind, cell in row] for row in cells]


def call_them(monkeypatch: pytest.MonkeyPatch, names: dict[int, str] | Exception) -> list[int]:
    """Let Label Studio know these names, or fail; return a list that grows with every time it is asked."""
    asked: list[int] = []

    def found(_: Any) -> dict[int, str]:
        asked.append(1)
        if isinstance(names, Exception):
            raise names
        return names

    monkeypatch.setattr(annotator_names, "_names", found)
    return asked


def table(client: FlaskClient, name: str, query: str = "") -> list[list[str]]:
    """Return the rows of a file."""
    answer = client.get(f"/projects/12/people/{name}.csv{query}")
    assert answer.headers["Content-Disposition"] == f"attachment; filename=people-{name}-12.csv"
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_who_it_is_can_be_hidden(client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """To show the page around: letters in place of names and numbers, on the page and in files, in either language."""
    annotate(world, 20)
    call_them(monkeypatch, {1: "Ada Lovelace", 2: "ben@example.com"})
    page = client.get("/projects/12/people?who=hidden").text
    assert [row[0] for row in rows(page)] == ["Annotator A", "Annotator B"]
    for tell in ("Annotator 1", "Ada", "ben@", "#1</"):
        assert tell not in page
    assert "标注员 A" in client.get("/projects/12/people?who=hidden&lang=zh").text
    assert [row[0] for row in table(client, "annotators", "?who=hidden")][1:] == ["A", "B"]
    assert [row[:2] for row in table(client, "pairs", "?who=hidden")][1:] == [["A", "B"], ["A", "v1"], ["B", "v1"]]


def test_annotators_have_the_names_that_label_studio_knows(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the number beside it, else the number alone; it is asked once for many looks, and markup is text."""
    annotate(world, 20)
    asked = call_them(monkeypatch, {1: "Ada <b>", 9: "gone"})
    for _ in range(3):
        assert [row[0] for row in rows(client.get("/projects/12/people").text)] == ["Ada &lt;b&gt; #1", "Annotator 2"]
    assert len(asked) == 1


def test_names_stand_neither_in_the_report_nor_in_the_api_nor_in_files(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """These are passed on: whoever gets them is told no names."""
    annotate(world, 20)
    call_them(monkeypatch, {1: "Ada Lovelace", 2: "Ben"})
    assert "Ada Lovelace" in client.get("/projects/12/people").text
    files = [f"/projects/12/people/{name}.csv" for name in ("annotators", "pairs", "leanings")]
    for path in ("/projects/12/report", "/api/v1/projects/12", "/api/v1/projects", *files):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "Ada Lovelace" not in answer.text


@pytest.mark.parametrize("error", [NeighbourError("no answer"), ValueError("what is this")])
def test_the_page_does_without_names_while_label_studio_is_away(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The numbers stand there, and it is not asked again at every look."""
    annotate(world, 20)
    asked = call_them(monkeypatch, error)
    for _ in range(2):
        answer = client.get("/projects/12/people")
        assert answer.status_code == 200
        assert [row[0] for row in rows(answer.text)] == ["Annotator 1", "Annotator 2"]
    assert len(asked) == 1


def test_names_are_asked_for_again_after_ten_minutes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may be new; what is known stays where Label Studio then fails."""
    now = [0.0]
    names = AnnotatorNames(settings, clock=lambda: now[0])
    call_them(monkeypatch, {1: "Ada"})
    assert names.known == {1: "Ada"}
    asked = call_them(monkeypatch, NeighbourError("no answer"))
    now[0] = 599.0
    assert (names.known, asked) == ({1: "Ada"}, [])
    now[0] = 601.0
    assert names.known == {1: "Ada"}
    assert eventually(lambda: len(asked) == 1)
    assert names.known == {1: "Ada"}


def test_the_heat_map_has_people_by_people_and_versions(client: FlaskClient, world: World) -> None:
    """With the number of tasks in each cell; nobody is compared with themselves."""
    annotate(world, 40)
    nothing = ("agrees", "·")
    both = ("agrees shade-3", "75 % 40")
    assert heat(client.get("/projects/12/people").text) == [
        [nothing, both, ("differs shade-5", "100 % 40")],
        [both, nothing, ("differs shade-3", "75 % 40")],
    ]
    assert table(client, "pairs")[:2] == [
        ["annotator", "with", "audit_tasks", "agreement", "low", "high"],
        ["1", "2", "40", "0.75", *map(str, (wilson(30, 40).low, wilson(30, 40).high))],
    ]


def test_few_common_tasks_have_no_colour(client: FlaskClient, world: World) -> None:
    """A shade would rank people by chance: only the number of tasks is there."""
    annotate(world, 19)
    assert heat(client.get("/projects/12/people").text)[0][1:] == [("agrees", "(19)"), ("differs", "(19)")]


def test_a_heat_map_of_forty_people_shows_those_with_most_tasks(client: FlaskClient, world: World) -> None:
    """And says so; the file has all."""
    said = {5 * n: ("Good", *("Good",) * (40 if n < 3 else 30)) for n in range(1, 30)}
    world.connect(tasks=150)
    given = tuple(Annotation(who, 5, who, Choice("Good"), NOON) for who in range(1, 41))
    world.book.mirror(12).put([TaskState(Task(5, "text 5"), given, NOON)])
    world.audited(12, said)
    seen = people_seen(world.book, load(world.book, 12))
    drawn = heat_of(seen, list(range(1, 41)), str, fewest=20)
    assert drawn is not None
    assert (drawn.people, drawn.left_out) == (tuple(range(1, 31)), 10)
    assert len(seen.pairs) == 40 * 39 / 2


def test_a_leaning_is_told_where_chance_hardly_explains_it(client: FlaskClient, world: World) -> None:
    """Of people who differ on ten tasks, always the same way; not of those who differ on two."""
    annotate(world, 40)
    page = client.get("/projects/12/people").text
    told = page.partition("Who gives which label")[2].partition("</section>")[0]
    cells = [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[dh] ?[^>]*>(.*?)</t[dh]>", told)]
    assert cells[15:20] == ["Annotator 2", "Bad", "more often", "10 of 40 tasks", "0.0"]
    assert table(client, "leanings")[1] == ["1", "Bad", "0", "10.0", "40", "0.001953125", "1"]


def test_without_a_clear_leaning_that_is_said(client: FlaskClient, world: World) -> None:
    """Few differences prove nothing; too few tasks are another thing."""
    annotate(world, 23)
    assert "Nobody leans clearly to a label." in client.get("/projects/12/people").text


def test_a_prediction_in_view_is_compared_with_none_in_view(client: FlaskClient, world: World) -> None:
    """How often people kept what they saw, and say the same as the model blind; of few tasks only the number."""
    shown = {id_: Origin.CORRECTED if id_ < 25 else Origin.ACCEPTED for id_ in range(2, 98, 2) if id_ % 5}
    annotate(world, 30, origins=shown)
    page = client.get("/projects/12/people").text
    told = page.partition("With a prediction in view")[2].partition("</section>")[0]
    assert "how often they say the same as v1" in told
    row = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", told)]
    assert row == ["74 % 59–85 % (39)", "100 % 89–100 % (30)", "-26 points (-41 to -10)"]
    assert table(client, "annotators")[1][9:15] == [
        "39",
        *map(str, (29 / 39, wilson(29, 39).low, wilson(29, 39).high)),
        "30",
        "1.0",
    ]


def test_where_no_prediction_was_shown_that_is_said(client: FlaskClient, world: World) -> None:
    """Nothing is made up from tasks that were labelled blind."""
    annotate(world, 40)
    assert "Records know of no prediction that anybody was shown." in client.get("/projects/12/people").text


def test_an_unknown_file_or_field_is_named(client: FlaskClient, world: World) -> None:
    """With what there is."""
    annotate(world, 4)
    assert client.get("/projects/12/people/everything.csv").status_code == 404
    assert "annotators, pairs, leanings" in client.get("/projects/12/people/everything.csv").text
    assert "it loops: mood" in client.get("/projects/12/people/pairs.csv?field=tone").text


def test_whoever_has_no_annotation_left_is_not_shown(client: FlaskClient, world: World) -> None:
    """Rounds keep their answers: the page shows those who are there now, and does not fail."""
    annotate(world, 40)
    left = [Annotation(100 * id_ + 1, id_, 1, Choice("Good"), NOON) for id_ in range(5, 205, 5)]
    world.book.mirror(12).put([TaskState(Task(one.task_id, f"text {one.task_id}"), (one,), NOON) for one in left])
    page = client.get("/projects/12/people").text
    assert [row[0] for row in rows(page)] == ["Annotator 1"]
    assert heat(page) == [[("agrees", "·"), ("differs shade-5", "100 % 40")]]


def check_answers(world: World, tasks: int, wrong: int) -> None:
    """Put settled audit tasks back; annotator 3 gives so many wrong check answers, annotator 4 none."""
    annotate(world, tasks)
    states = []
    for id_ in (5 * n for n in range(1, tasks + 1)):
        said = [Annotation(100 * id_ + who, id_, who, Choice("Good"), NOON) for who in (1, 2)]
        label = "Bad" if id_ <= 5 * wrong else "Good"
        said += [Annotation(100 * id_ + who, id_, who, Choice(label if who == 3 else "Good"), NOON) for who in (3, 4)]
        states.append(TaskState(Task(id_, f"text {id_}"), tuple(said), NOON))
        world.record(GoldTask(12, id_, 1 + id_ % 2, 2, 100 * id_ + 2, created_at=NOON), f"gold-{id_}")
    alone = [Annotation(who, who, who, Choice("Good"), NOON) for who in (3, 4)]
    own = [TaskState(Task(one.task_id, f"text {one.task_id}"), (one,), NOON) for one in alone]
    world.book.mirror(12).put([*states, *own])


def test_a_person_whose_check_answers_are_below_the_others_is_warned_about(client: FlaskClient, world: World) -> None:
    """In words, not by colour alone, in either language; round by round, and in the file."""
    check_answers(world, 24, wrong=12)
    page = client.get("/projects/12/people").text
    assert page.count("<strong>⚠ Below the others: at most 69 %, theirs at least 86 %.") == 1
    assert "not below the others" in page
    assert "round 1: 50 %" in page
    assert "⚠ 低于其他人：至多 69%，而其他人至少 86%。" in client.get("/projects/12/people?lang=zh").text
    found = table(client, "gold")
    assert found[1][:4] == ["3", "", "24", "0.5"]
    assert found[1][6] == "1"
    assert [row[:3] for row in found[2:4]] == [["3", "1", "12"], ["3", "2", "12"]]
    hidden = client.get("/projects/12/people?who=hidden&lang=en").text
    assert "Annotator 3" not in hidden
    assert "⚠ Below the others" in hidden


def test_with_few_check_answers_nobody_is_said_to_be_below(client: FlaskClient, world: World) -> None:
    """The page says that there are too few; without the rule there is no such table."""
    check_answers(world, 19, wrong=19)
    page = client.get("/projects/12/people").text
    assert page.count("too few check answers to compare") == 2
    assert "⚠" not in page


def test_without_gold_tasks_there_is_no_table_of_them(client: FlaskClient, world: World) -> None:
    """Most projects have none."""
    annotate(world, 20)
    assert "Gold tasks" not in client.get("/projects/12/people").text
