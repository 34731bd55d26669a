"""What the pages show: the figures of `labelloop status`, in words of the reader's language, whatever the names are."""

import csv
import io
import re
import string
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient

from labelloop.errors import UserError
from ml_backend.pages import page_figures
from ml_backend.pages.curve_chart import curve_chart
from ml_backend.pages.next_sentence import NextSentence, next_sentence
from ml_backend.pages.page_figures import Figures, Kept, compute
from ml_backend.pages.page_texts import LANGUAGES, texts
from ml_backend.pages.texts_en import ENGLISH
from ml_backend.pages.texts_zh import CHINESE
from tests.pages.world import World
from workers.admin.next_move import Move, NextMove
from workers.admin.round_curve import CurvePoint
from workers.cli.status_json import to_json

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</title><svg/onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;b&gt;",
    "\u202eevil\u202c",
    "名前\u0000‮<b>",
)
LONG = "a label of so many letters that it fits into no column at all, and has no end even where one looks for " * 2
PAGES = ("/projects", "/projects/12", "/projects/12/versions", "/guideline/12")


class Elements(HTMLParser):
    """Collects a page's elements with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def rounds(world: World, *agreements: float, **more: Any) -> None:
    for number, agreement in enumerate(agreements, 1):
        world.round(12, number, (agreement,), **more)


def test_before_any_project_is_connected_the_page_says_how(client: FlaskClient) -> None:
    """The first minute: a sentence and a command, no empty table."""
    page = client.get("/projects").text
    assert "No project is connected yet" in page
    assert "Connect a project" in page
    assert "<table" not in page


def test_a_new_project_says_what_is_missing_in_place_of_figures(client: FlaskClient, world: World) -> None:
    """No round, no model, no verdict, no curve, no version."""
    world.connect()
    assert "no model yet" in client.get("/projects").text
    page = client.get("/projects/12").text
    assert "no verdict yet" in page
    assert "The curve begins with the first round" in page
    assert "<svg" not in page
    assert "There is no version yet" in client.get("/projects/12/versions").text


def test_the_pages_show_the_figures_of_status(client: FlaskClient, world: World) -> None:
    """Round, labels, version, agreement with its interval beside people's, verdict: computed in one place."""
    world.connect()
    rounds(world, 0.62, 0.71, 0.784)
    world.label(12, [1, 2, 3])
    desk = client.application.extensions["labelloop-desk"]
    figures = desk.figures.of(12)
    told = to_json(figures.statuses)
    assert (told["agreement"]["value"], told["deployed"], told["labels"]["train"]) == (0.784, "v3", 3)
    for path in ("/projects", "/projects/12"):
        page = client.get(path).text
        for shown in ("v3", "78 %", "67–89 %", "85 %", "not yet"):
            assert shown in page, (path, shown)
    page = client.get("/projects/12").text
    assert "3 of 25" in page
    assert "22 more labels close it" in page
    assert "6.6 points less than people with each other" in page


def test_the_curve_has_a_point_for_each_round_and_the_numbers_beneath(client: FlaskClient, world: World) -> None:
    """As a picture, as a table, and as a file for spreadsheets."""
    world.connect()
    rounds(world, 0.62, 0.71, 0.78)
    page = client.get("/projects/12").text
    assert page.count("<circle") == 3
    assert "Round 2, 50 labels: v2 71 % (60–82 %)" in page
    assert all(f'class="{part}' in page for part in ("band people", "line people", "line margin", "band model"))
    answer = client.get("/projects/12/curve.csv?field=mood")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(row["round"], row["labels"], row["version"], row["agreement"]) for row in rows] == [
        ("1", "25", "v1", "0.62"),
        ("2", "50", "v2", "0.71"),
        ("3", "75", "v3", "0.78"),
    ]
    assert client.get("/projects/12/curve.csv?field=other").status_code == 404


def test_a_curve_of_one_round_and_one_without_people_can_be_drawn(client: FlaskClient, world: World) -> None:
    """An interval without a line; nothing is drawn of what is not known."""
    world.connect()
    rounds(world, 0.9)
    assert client.get("/projects/12").text.count("<circle") == 1
    figures = client.application.extensions["labelloop-desk"].figures.of(12)
    (found,) = figures.first.evaluations
    alone = replace(found.evaluation, human_agreement=None, human_low=None, human_high=None)
    chart = curve_chart([CurvePoint(figures.first.rounds[0], alone)], 0.03, "", texts("en"))
    assert chart is not None
    assert "people" not in chart


def test_each_field_has_its_curve_and_verdict(client: FlaskClient, world: World) -> None:
    """Under one head: what is next in the project."""
    world.connect(fields=("情感", "slots"))
    world.round(12, 1, (0.7, 0.9), fields=("情感", "slots"))
    page = client.get("/projects/12").text
    assert page.count("<svg") == 2
    assert page.count('class="chip not-yet"') == 2
    assert "curve.csv?field=%E6%83%85%E6%84%9F" in page


def while_people_label(client: FlaskClient, language: str) -> NextSentence:
    """Return what is next in a project that waits for 25 labels."""
    figures = client.application.extensions["labelloop-desk"].figures.of(12)
    labelling = replace(figures.first, next=NextMove(Move.LABEL, count=25))
    return next_sentence(replace(figures, statuses=(labelling,)), texts(language))


@pytest.mark.parametrize(
    ("hours", "language", "says"),
    [
        (0.004, "en", "About 1 minute of people's time."),
        (0.04, "zh", "大约需要人工 2 分钟。"),
        (0.99, "en", "About 59 minutes of people's time."),
        (1.04, "zh", "大约需要人工 1.0 小时。"),
    ],
)
def test_work_of_less_than_an_hour_is_told_in_minutes(
    client: FlaskClient, world: World, hours: float, language: str, says: str
) -> None:
    """Nobody can do anything with 0.0 hours."""
    world.connect()
    rounds(world, 0.8, hours=hours)
    assert says in while_people_label(client, language).because


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        ("not yet", "Go on labelling: 25 more labels close round 2. v1 agrees. About 150 more labels. About 1.5 hours"),
        ("yes", "Let the model label the rest under a guarantee: certify it."),
        ("cannot tell", "Let two people label about 60 further audit tasks"),
        ("guideline needs work", "Discuss the most disputed labels. people agree with each other on only 85 %"),
    ],
)
def test_what_is_next_follows_from_the_verdict_with_its_reason(
    client: FlaskClient, world: World, outcome: str, says: str
) -> None:
    """One sentence, and the figures that it rests on."""
    world.connect()
    rounds(world, 0.8, outcome=outcome)
    found = while_people_label(client, "en")
    told = " ".join((found.what, *found.because))
    assert found.is_ours
    for part in says.rstrip(".").split(". "):
        assert part.rstrip(".") in told


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("move", Move)
def test_every_move_has_a_sentence_in_every_language(
    world: World, client: FlaskClient, move: Move, language: str
) -> None:
    """Whatever is next."""
    world.connect()
    figures = client.application.extensions["labelloop-desk"].figures.of(12)
    status = replace(figures.first, next=NextMove(move, count=3, number=2, step="fit", project=12))
    found = next_sentence(replace(figures, statuses=(status,)), texts(language))
    assert found.what
    assert "{" not in found.what
    assert found.is_ours == (move not in (Move.STEP, Move.COLLECT, Move.CLOSE_ROUND))


def test_the_texts_of_all_languages_say_the_same_things() -> None:
    """The same texts with the same values put in."""

    def values(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert ENGLISH.keys() == CHINESE.keys()
    assert {name: values(text) for name, text in ENGLISH.items()} == {
        name: values(text) for name, text in CHINESE.items()
    }
    assert not [name for name, text in CHINESE.items() if re.search(r"[，。：（）]\s", text)]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_speaks_the_language_that_the_reader_chose(client: FlaskClient, world: World, path: str) -> None:
    """A link, which is remembered; before it the browser's language; else English."""
    world.connect()
    rounds(world, 0.8)
    assert 'lang="en"' in client.get(path).text
    assert 'lang="zh-CN"' in client.get(path, headers={"Accept-Language": "zh-CN,en;q=0.5"}).text
    chosen = client.get(f"{path}?lang=zh&field=mood")
    assert 'lang="zh-CN"' in chosen.text
    assert 'href="?lang=en&amp;field=mood"' in chosen.text
    assert 'lang="zh-CN"' in client.get(path, headers={"Accept-Language": "en"}).text
    assert 'lang="en"' in client.get(f"{path}?lang=en").text
    assert 'lang="en"' in client.get(f"{path}?lang=%3Cb%3E").text


def test_names_labels_and_titles_are_text_whatever_they_hold(client: FlaskClient, world: World) -> None:
    """No element and no attribute of a page comes from a name; nothing is longer than its column."""
    names = tuple(name.replace("\u0000", "") for name in HOSTILE)
    world.connect(12, " ".join(HOSTILE) + LONG, fields=names, labels=(*names, LONG), tasks=20)
    world.round(12, 1, (0.8,) * len(names), fields=names, learner="prompt:<b>&\"'")
    world.connect(13, "plain", fields=("mood",))
    world.round(13, 1)
    safe = {path: Elements(client.get(path.replace("12", "13")).text).found for path in PAGES}
    for path in PAGES:
        answer = client.get(path)
        assert answer.status_code == 200
        assert "alert(1)" in answer.text
        found = Elements(answer.text).found
        assert {tag for tag, _ in found} <= {tag for tag, _ in safe[path]} | {"a", "p", "b", "bdi"}
        assert [attributes for tag, attributes in found if tag == "script"] == [
            {"src": "/static/live.js", "defer": None}
        ]
        for _, attributes in found:
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            assert not (attributes.get("href") or "").lower().startswith("javascript")


@pytest.mark.parametrize("path", [*PAGES, "/login", "/projects/99", "/"])
def test_a_page_may_load_and_run_our_own_files_only(client: FlaskClient, world: World, path: str) -> None:
    """By its policy; and it has no script or style in itself, and no address of another host but Label Studio's."""
    world.connect()
    rounds(world, 0.8)
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<style" not in answer.text
    assert not re.search(r"<script[^>]*>[^<]", answer.text)
    hosts = set(re.findall(r"https?://[^/\"' ]+", answer.text))
    assert hosts <= {"http://127.0.0.1:1", "http://www.w3.org"}


def test_what_goes_wrong_is_a_page_for_a_reader_and_a_sentence_for_a_script(client: FlaskClient) -> None:
    """With the same words."""
    page = client.get("/projects/99")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "labelloop connect 99" in page.text
    told = client.get("/projects/99", headers={"Accept": "application/json"})
    assert (told.status_code, told.mimetype) == (404, "application/json")
    assert "labelloop connect 99" in told.get_json()["error"]


def test_an_address_without_a_page_says_so_and_asks_for_no_password(client: FlaskClient) -> None:
    """A mistyped address is answered in the reader's language; a browser's own prompt would want the service's."""
    for language, said in (("en", "There is no such page."), ("zh", "没有这个页面。")):
        answer = client.get(f"/projects/12/qualities?lang={language}")
        assert answer.status_code == 404
        assert said in answer.text
        assert "WWW-Authenticate" not in answer.headers


def test_a_project_that_cannot_be_shown_does_not_hide_the_others(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row says why; of what we did not foresee only that it is in the log."""
    world.connect(12, "first")
    world.connect(13, "second")
    for error, says in ((UserError("its rules cannot be read"), "its rules cannot be read"), (ValueError("x"), "log")):

        def fails(book: Any, bell: Any, settings: Any, project: int, error: Exception = error) -> Any:
            if project == 12:
                raise error
            return compute(book, bell, settings, project)

        monkeypatch.setattr(page_figures, "compute", fails)
        page = client.get("/projects").text
        assert says in page
        assert "second" in page


def test_a_project_that_was_disconnected_is_still_shown(client: FlaskClient, world: World) -> None:
    """With what brings it back, and without buttons."""
    world.connect()
    rounds(world, 0.8)
    world.disconnect(12)
    assert "disconnected" in client.get("/projects").text
    assert "connect it again" in client.get("/projects/12").text
    assert "<button" not in client.get("/projects/12/versions").text


def test_a_page_that_has_not_changed_is_not_sent_again(client: FlaskClient, world: World) -> None:
    """Open pages ask every few seconds; 304 until something is new."""
    world.connect()
    first = client.get("/projects/12")
    again = client.get("/projects/12", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    world.label(12, [1])
    assert client.get("/projects/12", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_figures_that_take_long_are_computed_behind_the_looks(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a tenth of the time at most; a look shows the last ones, until something is changed here."""
    world.connect()
    desk, now, computed = client.application.extensions["labelloop-desk"], [0.0], []

    def slow(*given: Any) -> Any:
        computed.append(now[0])
        now[0] += 2.0
        return compute(*given)

    monkeypatch.setattr(page_figures, "compute", slow)
    monkeypatch.setattr(page_figures, "Thread", Inline)
    monkeypatch.setattr(page_figures, "QUICK_S", 0.1)
    figures = Figures(desk.book, desk.bell, desk.settings, clock=lambda: now[0])
    first = figures.of(12)
    now[0] += 19.0
    assert figures.of(12) is first
    now[0] += 2.0
    assert figures.of(12) is first
    assert figures.of(12) is not first
    assert computed == [0.0, 23.0]
    figures.forget(12)
    assert figures.of(12) is not first
    assert len(computed) == 3


def test_figures_from_before_a_change_are_not_kept() -> None:
    """Whoever changes something while they are computed sees the change at the next look."""
    now, changed = [0.0], [False]

    def found(key: str) -> bool:
        now[0] += 2.0
        was = changed[0]
        if not was:  # somebody acts while this is computed
            changed[0] = True
            kept.forget(key)
        return was

    kept = Kept[str, bool](found, clock=lambda: now[0])
    assert [kept.of("12"), kept.of("12"), kept.of("12")] == [False, True, True]
    assert now[0] == 4.0


def test_what_pages_of_large_projects_show_is_kept_until_something_is_changed(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page asks for the state; reading it anew would take a large project's pages a quarter of a second each."""
    world.connect()
    world.audited(12, {5: ("Good", "Good", "Bad")})
    desk = client.application.extensions["labelloop-desk"]
    monkeypatch.setattr(page_figures, "QUICK_S", 0.0)
    figures = desk.figures

    def looked() -> tuple[Any, ...]:
        kept = figures.state(12).connection, figures.quality(12, "mood"), desk.people.of((12, ""))
        return *kept, figures.disputes(12, "mood")

    before = looked()
    assert all(one is other for one, other in zip(before, looked(), strict=True))
    desk.forget(12)
    assert not any(one is other for one, other in zip(before[:3], looked()[:3], strict=True))


class Inline:
    """Stands in for a thread, and is over when it was started."""

    def __init__(self, target: Any, args: tuple[Any, ...], **_: Any) -> None:
        self.target, self.args = target, args

    def start(self) -> None:
        self.target(*self.args)


def test_without_a_job_queue_the_page_says_that_nobody_knows_what_is_at_work(client: FlaskClient, world: World) -> None:
    """All that the ledger knows is shown."""
    world.connect()
    assert "The job queue does not answer" in client.get("/projects/12").text


@pytest.mark.parametrize("number", [2**31, 2**64, 10**40])
@pytest.mark.parametrize("path", ["", "/people", "/versions", "/release", "/rules", "/certify", "/log", "/disconnect"])
def test_a_number_that_no_project_can_have_is_answered_as_one_that_none_has(
    client: FlaskClient, number: int, path: str
) -> None:
    """Databases have no room for it; the page still says what to do."""
    answer = client.get(f"/projects/{number}{path}")
    assert answer.status_code == 404
    assert f"Project {number} is not connected" in answer.text
