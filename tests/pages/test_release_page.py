"""The page of the release: what is promised, what is left to people, and the files."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from labelloop.domain.certification import Population
from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.records import Certificate, CertifyDraw, Release, SchemaVersion
from labelloop.domain.schema import Field, fields_json
from labelloop.domain.values import FieldKind
from labelloop.stats.risk_coverage import RiskPoint
from labelloop.stores.certify_files import CERTIFY_FILE, write_population
from labelloop.stores.risk_file import RISK_FILE, write_risk
from ml_backend.pages.page_texts import LANGUAGES, texts
from tests.pages.test_project_pages import HOSTILE, Elements
from tests.pages.world import NOON, World

FILES = {"release.parquet": b"PAR1 \x00 rows", "release.json": b'{"tasks": 1500}'}


def certified(
    world: World, *, granted: bool | None = True, similarity: float = 1.0, curve: Sequence[RiskPoint] = ()
) -> None:
    """Draw for a certificate of v1 and, unless it stays open (None), give or refuse it."""
    world.connect()
    world.round(12, 1)
    draw = CertifyDraw(12, 1, "v1", 300, 1500, 0.05, 0.025, similarity, created_at=NOON)
    drawn = Population({id_: f"{id_}" for id_ in range(1, 41)}, frozenset(range(1, 41)), (1, 2, 3, 4))
    world.record(draw, "draw-1", {CERTIFY_FILE: write_population(drawn)})
    if granted is not None:
        reason = "enough" if granted else "its most certain labels are wrong <b>"
        found = (12, 1, "v1", granted, reason, 300, 14, 11, 0.4242, 0.8 if granted else 0.0)
        files = {RISK_FILE: write_risk(curve)} if curve else None
        world.record(Certificate(*found, max_error=0.05, delta=0.025, created_at=NOON), "certificate-1", files)


def test_before_anything_is_certified_the_page_says_so(client: FlaskClient, world: World) -> None:
    """And has no files; without a model there is nothing to plan either."""
    world.connect()
    page = client.get("/projects/12/release").text
    assert "Nobody has asked for a certificate yet" in page
    assert "/projects/12/certify" not in page
    assert "There are files as soon as a round has closed" in page


def test_the_page_follows_while_it_is_open(client: FlaskClient, world: World) -> None:
    """Tasks drawn are being labelled: it asks every few seconds, and is sent again when something is new."""
    certified(world, granted=None)
    first = client.get("/projects/12/release")
    again = client.get("/projects/12/release", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert 'data-poll="5"' in first.text
    ended = Certificate(12, 1, "v1", False, "given up", 0, 0, 0, 0, 0, max_error=0.05, delta=0.025, created_at=NOON)
    world.record(ended, "certificate-1")
    new = client.get("/projects/12/release", headers={"If-None-Match": first.headers["ETag"]})
    _, _, live = new.text.partition('data-live="release"')
    assert 'class="chip refused"' in live


def test_a_certificate_has_its_figures_and_its_promise(client: FlaskClient, world: World) -> None:
    """Tasks drawn, errors, errors allowed, threshold, and what is left to the model."""
    certified(world)
    page = client.get("/projects/12/release").text
    assert 'class="chip granted"' in page
    assert "The promise: the finished data set" in page
    assert "in at most 5 % of the pool&#39;s tasks, with probability 97.5 % or more" in page
    shown = re.findall(r"<dt>([^<]+)</dt><dd><b>([^<]*)</b>", page)
    assert [(unescape(name), value) for name, value in shown] == [
        ("Tasks drawn", "300"),
        ("Errors of the model", "14"),
        ("Errors allowed", "11"),
        ("Threshold", "0.424"),
        ("Left to the model", "80 %"),
    ]


def test_a_field_that_is_not_asked_everywhere_has_a_promise_of_that_too(client: FlaskClient, world: World) -> None:
    """The other one's has no word of it."""
    world.connect()
    mood = Field("mood", FieldKind.CHOICE, ("good", "bad"), "text", ("text",))
    why = replace(mood, name="why", condition=Condition((Requirement(("mood",), ("bad",)),)))
    world.record(SchemaVersion(12, 2, "<View/>", fields_json([mood, why]), "two", created_at=NOON), "schema-2")
    for number, name in enumerate(("mood", "why"), 1):
        draw = CertifyDraw(12, 1, f"v{number}", 300, 1500, 0.05, 0.025, field=name, created_at=NOON)
        world.record(draw, f"draw-{number}")
    page = client.get("/projects/12/release").text
    assert page.count("Asked for: the finished data set") == 2
    assert page.count("A label where people are not asked counts as an error") == 1
    assert page.index("not asked counts as an error") > page.index("<bdi>why</bdi>")


def test_a_certificate_that_was_not_granted_says_why(client: FlaskClient, world: World) -> None:
    """And names no threshold."""
    certified(world, granted=False, similarity=0.8)
    page = client.get("/projects/12/release").text
    assert "not granted" in page
    assert "its most certain labels are wrong &lt;b&gt;" in page
    assert "less than 0.8 similar" in page
    assert "Asked for:" in page
    assert "The promise:" not in page
    assert "Threshold" not in page


def test_while_people_label_what_was_drawn_the_page_says_how_many_are_left(client: FlaskClient, world: World) -> None:
    """As `labelloop status` does."""
    certified(world, granted=None)
    page = client.get("/projects/12/release").text
    assert "people are labelling" in page
    assert "labelled so far" in page
    assert "Errors" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_curve_that_a_certificate_rests_on_is_drawn(client: FlaskClient, world: World, language: str) -> None:
    """With the threshold in it, about ten of its points in a table and all in a file."""
    t, points = texts(language), [RiskPoint(k, 1 - k / 400, k // 20) for k in range(1, 301)]
    certified(world, curve=points)
    page = client.get(f"/projects/12/release?lang={language}").text
    (chart,) = re.findall(r"<svg.*?</svg>", page)
    assert chart.count('class="line margin"') == 1
    assert f'aria-label="{t("risk")}"' in chart
    rows = re.findall(r'<tr><td class="number">(\S+) ?%', page)
    assert rows == ["10", "20", "30", "40", "50", "60", "70", "80", "90", "100"]
    file = client.get("/projects/12/risk.csv?field=mood").text.splitlines()
    assert len(file) == 301
    assert file[240].split(",")[1:4] == ["240", "0.4", "12"]
    assert [line for line in file[1:] if line.endswith(",1")] == [file[240]]
    picture = client.get(f"/projects/12/risk.svg?field=mood&lang={language}")
    assert "risk-coverage-12.svg" in picture.headers["Content-Disposition"]
    drawn = ElementTree.fromstring(picture.text)
    assert {t("legend_risk"), t("legend_threshold")} <= {one.text for one in drawn.iter() if one.tag.endswith("text")}


def test_a_certificate_from_before_there_was_a_curve_is_shown_without(client: FlaskClient, world: World) -> None:
    """And there is no file of it."""
    certified(world)
    assert "<svg" not in client.get("/projects/12/release").text
    assert client.get("/projects/12/risk.csv").status_code == 404


def test_every_file_of_a_release_can_be_taken_along(client: FlaskClient, world: World) -> None:
    """As it is stored, under a name that says whose it is; beside those of the newest round."""
    certified(world)
    world.record(Release(12, 1, 1, "v1", 1500, 420, 1077, left_out=3, created_at=NOON), "release-1", FILES)
    page = client.get("/projects/12/release").text
    for shown in ("1,500", "420", "1,077", "training_set.csv"):
        assert shown in page
    links = [unescape(at) for at in re.findall(r'href="(/projects/12/file[^"]+)"', page)]
    answers = [client.get(at) for at in links]
    assert {answer.status_code for answer in answers} == {200}
    assert [answer.data for answer in answers[:2]] == [FILES["release.json"], FILES["release.parquet"]]
    assert "project-12-release-1-release.json" in answers[0].headers["Content-Disposition"]
    assert answers[0].headers["Content-Disposition"].startswith("attachment")
    assert answers[0].headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "asked",
    [
        "of=release&number=1&name=../../ledger.sqlite",
        "of=release&number=1&name=manifest.json",
        "of=release&number=2&name=release.json",
        "of=verdict&number=1&name=verdict.json",
        "of=release&number=x&name=release.json",
        "of=release&number=99999999999999999999&name=release.json",
        "",
    ],
)
def test_no_other_file_is_sent(client: FlaskClient, world: World, asked: str) -> None:
    """Only what the manifest of a release or round names."""
    certified(world)
    world.record(Release(12, 1, 1, "v1", 1500, 420, 1077, left_out=3, created_at=NOON), "release-1", FILES)
    assert client.get(f"/projects/12/file?{asked}").status_code == 404


def test_of_another_project_no_file_is_sent(client: FlaskClient, world: World) -> None:
    """A release belongs to its project."""
    certified(world)
    world.connect(13)
    world.record(Release(12, 1, 1, "v1", 1500, 420, 1077, left_out=3, created_at=NOON), "release-1", FILES)
    assert client.get("/projects/13/file?of=release&number=1&name=release.json").status_code == 404


@pytest.mark.parametrize("language", ["en", "zh"])
def test_names_are_text_whatever_they_hold(client: FlaskClient, world: World, language: str) -> None:
    """Of projects and of files."""
    world.connect(title=" ".join(HOSTILE))
    names = {name.replace("/", "").replace("\u0000", "").strip(): b"" for name in HOSTILE}
    world.record(
        Release(12, 1, 0, "", 1, 1, 0, left_out=0, created_at=NOON), "release-1", {"release.json": b"{}"} | names
    )
    answer = client.get(f"/projects/12/release?lang={language}")
    assert answer.status_code == 200
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    for tag, attributes in Elements(answer.text).found:
        assert tag not in ("img", "svg")
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert not (attributes.get("href") or "").lower().startswith("javascript")
