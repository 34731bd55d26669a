"""The page of quality: the verdict's figures by label, and from each number the way to its tasks."""

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from labelloop.domain.disagreements import AuditedTask, cells_among_people
from labelloop.domain.values import Span, Spans
from labelloop.steps.verdict_report import verdict_report
from ml_backend.pages.confusion_table import confusion_table
from tests.pages.test_project_pages import HOSTILE, LONG, Elements
from tests.pages.world import World

SAID = {
    5: ("Good", "Good", "Good"),
    10: ("Good", "Good", "Good"),
    15: ("Good", "Bad", "Bad"),
    20: ("Bad", "Bad", "Good"),
    25: ("Bad", "Bad", "Bad"),
}
"""What the model says of each audit task, and then what two people do."""


def cells(page: str) -> list[str]:
    """Return the numbers of the tables in their order, with the addresses that they lead to."""
    return [unescape(found) for found in re.findall(r'<td class="\w+ shade-\d"><a href="([^"]+)"', page)]


def test_before_the_first_verdict_the_page_says_so(client: FlaskClient, world: World) -> None:
    """No empty table."""
    world.connect()
    page = client.get("/projects/12/quality").text
    assert "Nothing is measured yet" in page
    assert "<table" not in page


def test_the_figures_are_those_of_the_verdict(client: FlaskClient, world: World) -> None:
    """Precision and recall of each label with intervals, and the times that are confused."""
    world.connect(labels=("Good", "Bad"))
    given = world.audited(12, SAID)
    report = verdict_report(world.book, given)
    assert [(one["label"], one["people"], one["model"], one["both"]) for one in report["consensus"]["labels"]] == [
        ("Good", 2, 3, 2),
        ("Bad", 2, 1, 1),
    ]
    page = client.get("/projects/12/quality").text
    for shown in ("v1 after round 1.", "67 %", "21–94 %", "100 %", "34–100 %", "On 4 audit tasks that people settled"):
        assert shown in page
    assert report["disputed"]["model"] == [
        {"model": "Good", "people": "Bad", "times": 2},
        {"model": "Bad", "people": "Good", "times": 1},
    ]
    assert report["disputed"]["people"] == [{"labels": ["Bad", "Good"], "times": 1}]
    for told in ("The model says Good, a person says Bad: 2", "The model says Bad, a person says Good: 1"):
        assert told in page
    assert page.count("One person says Bad, another says Good: 1") == 1
    assert page.count("One person says Good, another says Bad: 1") == 1


def test_each_number_leads_to_its_very_tasks(client: FlaskClient, world: World) -> None:
    """Each with what was said, without names, and the way into Label Studio."""
    world.connect(labels=("Good", "Bad"))
    world.audited(12, SAID)
    shown = [
        re.findall(r"data\?task=(\d+)", client.get(at).text) for at in cells(client.get("/projects/12/quality").text)
    ]
    assert shown == [["5", "10"], ["15"], ["20"], ["20", "25"], ["5", "10"], ["20"], ["20"], ["15", "25"]]
    page = client.get("/projects/12/quality/tasks?field=mood&of=people&one=Good&other=Bad").text
    assert 'href="http://127.0.0.1:1/projects/12/data?task=20"' in page
    assert "text 20" in page
    assert "There is no such task" in client.get("/projects/12/quality/tasks?of=people&one=x&other=Bad").text


def test_the_most_disputed_tasks_are_listed(client: FlaskClient, world: World) -> None:
    """Those that the verdict names."""
    world.connect(labels=("Good", "Bad"))
    world.audited(12, SAID)
    page = client.get("/projects/12/quality").text
    assert re.findall(r"data\?task=(\d+)", page) == ["20"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/projects/99/quality", 404),
        ("/projects/12/quality?field=nothing", 404),
        ("/projects/12/quality/tasks?of=dogs&one=Good&other=Bad", 404),
        ("/projects/12/quality/tasks", 404),
    ],
)
def test_what_is_not_there_is_said(client: FlaskClient, world: World, path: str, status: int) -> None:
    """An unknown project, field or table."""
    world.connect()
    world.audited(12, SAID)
    assert client.get(path).status_code == status


@pytest.mark.parametrize("language", ["en", "zh"])
def test_labels_are_text_whatever_they_hold(client: FlaskClient, world: World, language: str) -> None:
    """On the page and on the lists; long ones are numbered above their columns."""
    labels = (*(name.replace("\u0000", "") for name in HOSTILE), LONG)
    world.connect(labels=labels)
    world.audited(
        12, {5 * n: (labels[n - 1], labels[n % len(labels)], labels[n - 1]) for n in range(1, len(labels) + 1)}
    )
    answer = client.get(f"/projects/12/quality?lang={language}")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    page = answer.text
    assert page.count("<abbr") == 2 * len(labels)
    lists = [client.get(at) for at in cells(page)]
    assert {answer.status_code for answer in lists} == {200}
    assert all("data?task=" in answer.text for answer in lists)
    for html in (page, *(answer.text for answer in lists)):
        for tag, attributes in Elements(html).found:
            assert tag not in ("img", "svg")
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            assert not (attributes.get("href") or "").lower().startswith("javascript")


def test_of_many_labels_those_most_confused_are_shown(client: FlaskClient, world: World) -> None:
    """A table of a hundred columns is read by nobody; the page says how many are left out."""
    labels = tuple(f"label {n:03}" for n in range(100))
    world.connect(labels=labels, tasks=500)
    world.audited(12, {5 * n: (labels[n], labels[n], labels[n - 1]) for n in range(1, 100)})
    page = client.get("/projects/12/quality").text
    assert "88 labels that are seldom confused are left out." in page
    assert page.count("<abbr") == 0
    assert page.count('<th scope="col">') == 24


def test_of_spans_the_same_label_twice_means_other_ends() -> None:
    """As the verdict counts them: where they overlap."""
    one, other = Spans(frozenset({Span(0, 4, "Person")})), Spans(frozenset({Span(0, 5, "Person")}))
    found = cells_among_people([AuditedTask(7, one, {1: one, 2: other}, 0.5, 0.0)])
    assert found == {("Person", "Person"): [7]}
    table = confusion_table(found, ("Person",), symmetric=True)
    assert table is not None
    assert table.rows[0][0].agrees
