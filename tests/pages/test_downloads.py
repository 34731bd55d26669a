"""Charts and tables as files: called for what they hold, complete in themselves, and safe whatever labels are."""

import csv
import io
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.pages.test_project_pages import HOSTILE
from tests.pages.world import World

SVG = "{http://www.w3.org/2000/svg}"
SAID = {5 * n: ("Good", "Bad" if n % 3 == 0 else "Good", "Good") for n in range(1, 31)}


def called(answer: TestResponse) -> str:
    """Return the name that the browser gives a file."""
    header = answer.headers["Content-Disposition"]
    assert header.startswith("attachment; ")
    return unquote(header.rpartition("UTF-8''" if "UTF-8''" in header else "=")[2])


def read(answer: TestResponse) -> ElementTree.Element:
    """Return the picture, which must be XML that refers to nothing outside."""
    assert answer.mimetype == "image/svg+xml"
    assert "url(" not in answer.text
    assert "href" not in answer.text
    assert "<script" not in answer.text
    return ElementTree.fromstring(answer.text)


def texts(drawn: ElementTree.Element) -> list[str]:
    return [one.text or "" for one in drawn.iter(f"{SVG}text")]


def test_the_learning_curve_is_a_picture_with_its_key(client: FlaskClient, world: World) -> None:
    """It stands alone: colours, ground and key are in it, in the reader's language."""
    world.connect()
    for number, agreement in enumerate((0.62, 0.71, 0.78), 1):
        world.round(12, number, (agreement,))
    assert "curve.svg?field=mood" in client.get("/projects/12").text
    answer = client.get("/projects/12/curve.svg?field=mood")
    drawn = read(answer)
    assert called(answer) == "learning-curve-12.svg"
    assert len(list(drawn.iter(f"{SVG}circle"))) == 3
    assert texts(drawn)[-3:] == ["model", "people with each other", "allowed at worst"]
    assert "#0072b2" in answer.text
    assert texts(read(client.get("/projects/12/curve.svg?field=mood&lang=zh")))[-3:] == ["模型", "人与人", "允许的下限"]


def test_files_of_several_fields_are_called_by_their_field(client: FlaskClient, world: World) -> None:
    """Else the second would take the place of the first."""
    world.connect(fields=("情感", "a/b c"))
    world.round(12, 1, (0.7, 0.9), fields=("情感", "a/b c"))
    names = {called(client.get("/projects/12/curve.csv", query_string={"field": field})) for field in ("情感", "a/b c")}
    assert names == {"learning-curve-12-情感.csv", "learning-curve-12-a-b-c.csv"}


def test_before_the_first_round_there_is_no_picture(client: FlaskClient, world: World) -> None:
    """Neither a link to it nor a file."""
    world.connect()
    assert "curve.svg" not in client.get("/projects/12").text
    assert client.get("/projects/12/curve.svg").status_code == 404
    assert client.get("/projects/12/quality/model.svg").status_code == 404
    assert client.get("/projects/12/quality/model.csv").status_code == 404


def test_each_confusion_is_a_table_and_a_picture(client: FlaskClient, world: World) -> None:
    """Every pair of labels with how often and on how many tasks; the picture has the counts of the page."""
    world.connect(tasks=200)
    world.audited(12, SAID)
    page = client.get("/projects/12/quality").text
    for of, columns, expected in (
        ("model", ["model", "person", "times", "tasks"], [["Good", "Good", "50", "30"], ["Good", "Bad", "10", "10"]]),
        ("people", ["one", "other", "times", "tasks"], [["Good", "Good", "20", "20"], ["Bad", "Good", "10", "10"]]),
    ):
        assert f"quality/{of}.csv?field=mood" in page
        assert f"quality/{of}.svg?field=mood" in page
        answer = client.get(f"/projects/12/quality/{of}.csv")
        assert list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))) == [columns, *expected]
        assert called(answer) == f"confusion-{of}-12.csv"
        drawn = client.get(f"/projects/12/quality/{of}.svg")
        assert called(drawn) == f"confusion-{of}-12.svg"
        said = texts(read(drawn))
        heads = {
            "model": "The model and people · rows: the model",
            "people": "People with each other · rows: one person",
        }
        assert said[0].startswith(heads[of])
        assert {"Good", "Bad", "10", expected[0][2]} <= set(said)
    assert client.get("/projects/12/quality/nobody.svg").status_code == 404
    assert client.get("/projects/12/quality/model.png").status_code == 404


def test_no_spreadsheet_takes_a_label_for_a_formula(client: FlaskClient, world: World) -> None:
    """An apostrophe stands before it; numbers stay numbers."""
    labels = ("=HYPERLINK(1)", "@Bad")
    world.connect(labels=labels, tasks=200)
    world.audited(12, {id_: tuple(labels[word == "Bad"] for word in words) for id_, words in SAID.items()})
    answer = client.get("/projects/12/quality/model.csv")
    (_, first, *_) = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert first == ["'=HYPERLINK(1)", "'=HYPERLINK(1)", "50", "30"]


@pytest.mark.parametrize("labels", [HOSTILE[:2], ("标签" * 40, "W" * 200)])
def test_labels_of_any_kind_stay_within_the_picture(client: FlaskClient, world: World, labels: tuple[str, str]) -> None:
    """Markup is text; long ones are cut off and numbered; nothing is drawn outside."""
    world.connect(labels=labels, tasks=200)
    world.audited(12, {id_: tuple(labels[word == "Bad"] for word in words) for id_, words in SAID.items()})
    drawn = read(client.get("/projects/12/quality/model.svg"))
    width = float(drawn.attrib["width"])
    boxes = [one for one in drawn.iter(f"{SVG}rect") if one.attrib["class"] == "grid"]
    assert len(boxes) == 4
    assert all(0 <= float(one.attrib["x"]) <= width - float(one.attrib["width"]) for one in boxes)
    assert all(0 <= float(one.attrib["x"]) <= width for one in drawn.iter(f"{SVG}text"))
    assert any(labels[0][:10] in said for said in texts(drawn))
