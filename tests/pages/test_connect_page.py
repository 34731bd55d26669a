"""The first run: from an empty page to a connected project, in a browser, on a real Label Studio."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from pydantic import SecretStr
from werkzeug.serving import make_server

from labelloop.domain.action_record import Action
from labelloop.domain.records import Connection
from labelloop.rules import Rules
from labelloop.settings import Settings
from labelloop.stores.book import Book
from ml_backend.app import EXTENSION, create_app
from ml_backend.pages.page_texts import LANGUAGES
from sync.api.client import LabelStudio
from tests.pages.axe import unreadable
from tests.pages.conftest import Open, away
from workers.jobs.app_context import open_serving_context
from workers.jobs.open_stores import open_bell, open_book
from workers.local.label_studio import RunningLabelStudio
from workers.local.processes import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CONFIG = """<View><Text name="text" value="$text"/><Choices name="mood" toName="text" choice="single">
<Choice value="good"/><Choice value="还行"/></Choices>
<Image name="i" value="$i"/><KeyPoint name="k" toName="i"/></View>"""
TITLE = "First run 第一次 <b>"


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, label_studio: RunningLabelStudio, redis_url: str
) -> Iterator[Settings]:
    """Yield the settings of a service that Label Studio reaches."""
    port = free_port(30_500)
    settings = away(tmp_path_factory.mktemp("first-run")).model_copy(
        update={
            "redis_url": redis_url,
            "label_studio_url": label_studio.url,
            "label_studio_token": SecretStr(label_studio.token),
            "backend_url": f"http://127.0.0.1:{port}",
        }
    )
    app = create_app(open_serving_context(settings))
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield settings
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions[EXTENSION].close()


@pytest.fixture
def studio(served: Settings) -> Iterator[LabelStudio]:
    """Yield the administrator's client."""
    with LabelStudio(served.label_studio_url, served.label_studio_token.get_secret_value()) as client:
        yield client


@pytest.fixture
def project(studio: LabelStudio) -> Iterator[int]:
    """Yield a project with tasks and a control that cannot be learned."""
    made = studio.create_project(TITLE, CONFIG)
    studio.import_tasks(made.id, [{"data": {"text": f"a text about the number {n}", "i": ""}} for n in range(12)])
    yield made.id
    studio.sdk.projects.delete(made.id)


@pytest.fixture
def book(served: Settings) -> Iterator[Book]:
    """Yield the service's records."""
    opened = open_book(served)
    yield opened
    opened.ledger.engine.dispose()


@pytest.fixture
def page(browser: "Browser", served: Settings, label_studio: RunningLabelStudio) -> "Iterator[Page]":
    """Yield a window of somebody who has just logged in with their Label Studio account, and its errors."""
    context = browser.new_context(base_url=served.backend_url, locale="en", viewport={"width": 1200, "height": 900})
    opened = context.new_page()
    opened.goto("/")
    opened.fill("input[name=name]", label_studio.email)
    opened.fill("input[name=password]", label_studio.password)
    opened.click("main form button")
    opened.wait_for_url("**/projects")
    yield opened
    context.close()


def test_a_lead_connects_their_first_project_in_the_browser(
    page: "Page", studio: LabelStudio, project: int, book: Book, served: Settings
) -> None:
    """They choose it, see what becomes of it, say how large a round is, and land on its page."""
    page.click("text=Connect a project")
    page.click(f"a[href$='/connect/{project}']")
    seen = page.inner_text("main")
    for words in (
        TITLE,
        "mood",
        "good, 还行",
        "12; up to 3 of them become audit tasks",
        "% English",
        "Not required",
        "KeyPoint",
    ):
        assert words in seen
    assert studio.backends(project) == [], "nothing is changed by looking"
    assert book.ledger.newest(Connection, project) is None

    page.fill("input[name=round_size]", "7")
    page.click("button.main")

    page.wait_for_url(f"**/projects/{project}")
    assert "is connected" in page.inner_text(".done")
    connection = book.ledger.newest(Connection, project)
    assert connection is not None
    assert Rules.stored(connection.rules).round_size == 7
    assert [one.url for one in studio.backends(project)] == [served.backend_url]
    assert f"{served.backend_url}/projects/{project}" in str(studio.project(project).description)
    assert f"collect-{project}" in open_bell(served).queue.job_ids
    assert [one.who for one in book.ledger.all(Action, project)] == [page.inner_text(".who")]

    page.goto("/connect")
    row = page.locator("tbody", has=page.locator(f"a[href$='/connect/{project}']"))
    assert "connected" in row.inner_text()
    page.goto(f"/connect/{project}")
    page.click("button.main")
    assert "was connected with these rules already" in page.inner_text(".done")


def test_a_lead_changes_a_rule_and_takes_the_project_out_again(
    page: "Page", studio: LabelStudio, project: int, book: Book
) -> None:
    """Each after a question; Label Studio knows nothing of us after it."""
    page.goto(f"/connect/{project}")
    page.click("button.main")
    page.goto(f"/projects/{project}/rules")
    page.fill("input[name=rule-margin]", "0.05")
    page.fill("input[name=rule-queue_rounds]", "")
    page.click("button.main")
    asked = page.inner_text("main")
    assert "margin: 0.05" in asked
    assert "queue_rounds: its default again" not in asked, "it holds already, without a value"
    page.click("button.main")
    assert "The rules are changed" in page.inner_text(".done")
    connection = book.ledger.newest(Connection, project)
    assert connection is not None
    assert Rules.stored(connection.rules).margin == 0.05

    page.click(f"a[href$='/projects/{project}/disconnect']")
    assert len(studio.backends(project)) == 1, "nothing is changed by asking"
    page.click("button.main")
    assert "out of the loop" in page.inner_text(".done")
    assert studio.backends(project) == []
    assert "LabelLoop:" not in str(studio.project(project).description)
    me = page.inner_text(".who")
    done = [(one.action, one.who) for one in book.ledger.all(Action, project)]
    assert done == [("connect", me), ("rules", me), ("disconnect", me)]


@pytest.mark.parametrize(("language", "width"), [("en", 1200), ("zh", 320)])
def test_the_pages_are_readable_by_everybody(page: "Page", project: int, language: str, width: int) -> None:
    """The list and a project, on a desk and on a small phone."""
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/connect", f"/connect/{project}"):
        page.goto(f"{path}?lang={language}")
        assert unreadable(page, Axe()) == []


def test_a_number_that_makes_no_sense_is_refused_and_nothing_is_connected(
    page: "Page", studio: LabelStudio, project: int, book: Book
) -> None:
    """The page says why, and keeps what was typed."""
    page.goto(f"/connect/{project}")
    page.evaluate("document.querySelector('main form').noValidate = true")
    page.fill("input[name=round_size]", "0")
    page.click("button.main")
    assert "round_size" in page.inner_text(".error")
    assert page.input_value("input[name=round_size]") == "0"
    assert studio.backends(project) == []
    assert book.ledger.newest(Connection, project) is None


def test_a_project_that_is_not_there_or_holds_nothing_to_learn_is_one_sentence(
    page: "Page", studio: LabelStudio
) -> None:
    """With what to do."""
    nothing = studio.create_project("Nothing to learn", "<View><Text name='t' value='$text'/></View>")
    for number, words in ((nothing.id, "labelling configuration"), (2_147_000_000, "")):
        page.goto(f"/connect/{number}")
        said = page.inner_text("main")
        assert "Error" in said
        assert words in said
    studio.sdk.projects.delete(nothing.id)


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_label_studio_the_page_says_so(open_pages: Open, language: str, tmp_path: Path) -> None:
    """In place of an empty list."""
    answer = open_pages().get(f"/connect?lang={language}")
    assert answer.status_code == 503
    assert "Label Studio" in answer.text
    assert 'class="error"' in answer.text


def test_strangers_see_the_log_in(open_pages: Open) -> None:
    """Titles of projects are nobody's business."""
    stranger = open_pages(stranger=True)
    assert [stranger.get(path).status_code for path in ("/connect", "/connect/1")] == [401, 401]
