"""The page on which a lead reads and decides what LLMs are told."""

import re
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from labelloop.domain.guideline_records import Guideline
from labelloop.domain.records import SchemaVersion
from labelloop.domain.schema import Field, fields_json
from labelloop.steps.guideline_rulings import history, text_of
from labelloop.stores.book import Book
from tests.core.opened_project import OpenedProject
from tests.ml_backend.conftest import Start
from tests.ml_backend.stage import Stage, credentials

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIRST = "# Guideline\n\nWhat mood?\n\n## Good\nBright <script>alert(1)</script>.\n\n## Bad\nDark.\n"


@pytest.fixture
def view(stage: Stage) -> OpenedProject:
    """Return a project with the file's guideline, one that was accepted, and one that waits for the lead."""
    start = Guideline(
        12, 1, 1, "prompt", "file", "accepted", "the file says so", 0, 0, None, None, None, 0.0, created_at=NOW
    )
    better = replace(start, number=2, origin="llm", reason="12 held-out examples better, 1 worse", basis=1, n=50)
    better = replace(better, before=0.62, after=0.84, p_value=0.002, cost=0.0213)
    later = replace(better, number=3, round_number=2, outcome="proposed", reason="changed meanwhile", basis=2)
    texts = (FIRST, FIRST.replace("Dark.", "阴暗的心情;疲惫不算。"), FIRST.replace("Bright", "Sunny"))
    for one, text in zip((start, better, later), texts, strict=True):
        assert stage.book.record(one, f"guideline-{one.number}", {"guideline.md": text.encode()})
    return OpenedProject(stage.book, 12)


@pytest.fixture
def client(start: Start, view: OpenedProject) -> FlaskClient:
    """Return a client of the service."""
    return start()


def token(client: FlaskClient) -> str:
    found = re.search(r'name="token" value="(\w+)"', client.get("/guideline/12").text)
    assert found
    return found[1]


def current(view: OpenedProject) -> int:
    found = history(view.state).current
    assert found is not None
    return found.number


def test_the_page_shows_the_current_guideline_and_what_was_proposed(client: FlaskClient) -> None:
    """With scores, cost and what changed; whatever stands in a rule is text."""
    answer = client.get("/guideline/12")

    assert answer.status_code == 200
    assert "阴暗的心情;疲惫不算。" in answer.text
    assert "62 % → 84 %" in answer.text
    assert "0.0213" in answer.text
    assert '<span class="removed">-Dark.</span>' in answer.text
    assert '<span class="added">+Sunny &lt;script&gt;' in answer.text
    assert "<script>" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "waits for you" in answer.text


@pytest.mark.parametrize(("asked", "heading"), [("zh-CN,zh;q=0.9,en;q=0.8", "标注指南"), ("fr", "Guideline")])
def test_the_page_speaks_the_readers_language(client: FlaskClient, asked: str, heading: str) -> None:
    """Chinese or English."""
    assert f'aria-current="page">{heading}</a>' in client.get("/guideline/12", headers={"Accept-Language": asked}).text


def test_the_lead_accepts_rejects_and_edits(client: FlaskClient, view: OpenedProject) -> None:
    """Each form leads back to the page."""
    for action, number, expected in (("accept", 3, 3), ("reject", 3, 2), ("reject", 2, 1)):
        form = {"token": token(client), "action": action, "number": str(number)}
        answer = client.post("/guideline/12", data=form)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/guideline/12")
        assert current(view) == expected
    edited = {"token": token(client), "action": "edit", "text": "何种心情?\r\n\r\n## Good\r\n明亮。"}
    assert client.post("/guideline/12", data=edited).status_code == 303
    newest = history(view.state).current
    assert newest is not None
    assert text_of(view.book, newest) == "# Guideline\n\n何种心情?\n\n## Good\n明亮。\n\n## Bad\n"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_form_of_another_site_is_refused(client: FlaskClient, view: OpenedProject, headers: dict[str, str]) -> None:
    """Even one that has the token: the browser says where it comes from."""
    form = {"token": token(client), "action": "reject", "number": "2"}
    assert client.post("/guideline/12", data=form, headers=headers).status_code == 403
    assert current(view) == 2


@pytest.mark.parametrize("given", ["", "0" * 64, "\ud83d"])
def test_a_form_without_the_token_is_refused(client: FlaskClient, view: OpenedProject, given: str) -> None:
    """A browser sends the password of its own accord; the token only who has read the page."""
    form = {"token": given.encode("utf-8", "replace"), "action": "reject", "number": "2"}
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert client.post("/guideline/12", data=form, headers=headers).status_code == 403
    assert current(view) == 2


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"action": "accept", "number": "9"}, "there are: 1, 2, 3"),
        ({"action": "edit", "text": " "}, "from 1 to 20,000 characters"),
        ({"action": "accept", "number": "x"}, "nothing that is known"),
        ({}, "nothing that is known"),
    ],
)
def test_what_cannot_be_done_is_said_on_the_page(client: FlaskClient, form: dict[str, str], says: str) -> None:
    """Status 400, and nothing changes."""
    answer = client.post("/guideline/12", data={"token": token(client), **form})
    assert answer.status_code == 400
    assert says in answer.text
    assert "<h1" in answer.text


def test_strangers_and_unknown_projects(client: FlaskClient) -> None:
    """The page is as closed as all of the service."""
    assert client.get("/guideline/99").status_code == 404
    del client.environ_base["HTTP_AUTHORIZATION"]
    assert client.get("/guideline/12").status_code == 401
    assert client.post("/guideline/12", data={}).status_code == 401


def test_before_the_first_fit_the_page_shows_what_the_settings_say(start: Start, stage: Stage, tmp_path: Path) -> None:
    """A guideline may be edited before there is any label."""
    (tmp_path / "mine.md").write_text("Which mood?", "utf-8")
    answer = start(llm_guideline=str(tmp_path / "mine.md")).get("/guideline/12")
    assert "Which mood?" in answer.text
    assert "no fit has used it yet" in answer.text


def test_a_lead_decides_in_a_browser(client: FlaskClient, view: OpenedProject, browser: "Browser", book: Book) -> None:
    """The forms work under the page's own security policy, and the colours of the diff are there."""
    server = make_server("127.0.0.1", 0, client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    context = browser.new_context(extra_http_headers={"Authorization": credentials()})
    try:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/guideline/12")
        colours = {
            kind: page.locator(f"#guideline-2 .{kind}").first.evaluate("it => getComputedStyle(it).backgroundColor")
            for kind in ("added", "removed")
        }
        page.click("#guideline-2 button:has-text('Reject')")
        page.wait_for_selector("#guideline-1 .badge:has-text('current')")
        page.click("summary:has-text('Edit')")
        page.fill("textarea", "The lead's own, in a browser.")
        page.click("button:has-text('Make this the current one')")
        page.wait_for_selector("#guideline-4 .badge:has-text('current')")
        assert "The lead's own, in a browser." in page.inner_text("#current")
    finally:
        context.close()
        server.shutdown()
        thread.join()
        server.server_close()

    assert len(set(colours.values())) == 2
    assert current(view) == 4


def test_each_field_of_several_has_its_guideline_on_a_page_of_its_own(client: FlaskClient, stage: Stage) -> None:
    """The page leads from one to the other; the form changes that of the field it shows."""
    known = stage.book.ledger.newest(SchemaVersion, 12)
    assert known is not None
    field = Field.from_json(known.field)
    both = fields_json([field, replace(field, name="语气")])
    record = replace(known, number=known.number + 1, field=both, created_at=datetime.now(UTC), artifact="")
    assert stage.book.record(record, "schema-of-two")

    first = client.get("/guideline/12").text
    assert "field=%E8%AF%AD%E6%B0%94" in first
    other = client.get("/guideline/12?field=语气").text
    assert "阴暗的心情" in first
    assert "阴暗的心情" not in other
    form = {"token": token(client), "action": "edit", "text": "What tone?"}
    answer = client.post("/guideline/12?field=语气", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/guideline/12?field=%E8%AF%AD%E6%B0%94")
    assert "What tone?" in client.get("/guideline/12?field=语气").text
    assert "What tone?" not in client.get("/guideline/12").text
