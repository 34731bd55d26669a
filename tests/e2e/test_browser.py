"""What an annotator sees: the pre-annotation is on the screen, one click submits it, the next round has it."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pandas as pd

from labelloop.domain.records import ClosedRound, Deployment
from labelloop.domain.tasks import Annotation, Origin
from sync.api.wire import WireTask
from tests.core.opened_project import OpenedProject
from tests.e2e.world import World, has_content, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request, Response

SUBMIT = 'button[aria-label="Submit current annotation"]'
TICKED = ".ant-radio-wrapper-checked, .ant-checkbox-wrapper-checked, input:checked"


def test_an_annotator_sees_a_pre_annotation_submits_it_and_finds_it_in_the_next_round(
    world: World, browser: "Browser"
) -> None:
    """Log in, "Label All Tasks", submit: the label counts, and that it was accepted is on record."""
    view = world.project(title="Browser")
    world.label_until_round(view, 1)
    world.wait(lambda: settled(view), "the first model")
    page = log_in(world, browser, world.accounts[0].email, world.accounts[0].password)

    accepted = submit_until_accepted(world, view, page)

    lead, asked = leads_page(world, browser, view)
    world.label_until_round(view, 2)
    world.wait(lambda: settled(view), "the second model")
    lead.get_by_text("Towards round 3").wait_for(timeout=60_000)
    assert lead.evaluate("window.opened") == "once", "the page shows the round without being loaded again"
    roll_back(world, view, lead)
    assert asked == [world.services.settings.pages_address]
    record = view.ledger.newest(ClosedRound, view.id, number=2)
    assert record is not None
    with view.book.artifacts.folder(record.artifact) as folder:
        rows = pd.read_csv(folder / "data_labeled_2.csv", dtype={"annotations": str, "origins": str})
    found = rows[rows["annotations"].str.split().map(lambda ids: str(accepted) in ids)]
    assert len(found) == 1
    assert "accepted" in found.iloc[0]["origins"]


def leads_page(world: World, browser: "Browser", view: OpenedProject) -> tuple["Page", list[str]]:
    """Return the project's page, on which the administrator has logged in, and the hosts that it asks."""
    address, studio = world.services.settings.pages_address, world.services.label_studio
    page, asked, complaints = browser.new_page(), list[str](), list[str]()

    def note(request: "Request") -> None:
        parts = urlsplit(request.url)
        if (host := f"{parts.scheme}://{parts.netloc}") not in asked:
            asked.append(host)

    page.on("request", note)
    page.goto(f"{address}/projects/{view.id}")
    page.on("console", lambda message: complaints.append(message.text))
    page.fill("[name=name]", studio.email)
    page.fill("[name=password]", "wrong")
    page.click("main button")
    page.get_by_role("alert").wait_for()
    page.fill("[name=password]", studio.password)
    page.click("main button")
    page.get_by_text("Towards round 2").wait_for(timeout=60_000)
    assert page.url == f"{address}/projects/{view.id}"
    assert not [said for said in complaints if "401" not in said], complaints
    page.evaluate("window.opened = 'once'")
    return page, asked


def roll_back(world: World, view: OpenedProject, page: "Page") -> None:
    """Let v2 serve and go back to v1 on the page of versions; the record names who did it."""
    page.get_by_role("link", name="Versions").click()
    if view.state.deployed_versions == "v1":
        page.get_by_role("button", name="Let it serve: v2").click()
        page.get_by_role("button", name="Yes, do it").click()
        page.get_by_text("v2 serves from now on.").wait_for()
    page.get_by_role("button", name="Roll back").click()
    page.get_by_role("button", name="Yes, do it").click()
    page.get_by_text("v1 serves from now on.").wait_for()
    newest = view.ledger.newest(Deployment, view.id)
    assert newest is not None
    assert (newest.version, newest.rolled_back) == ("v1", True)
    assert world.services.label_studio.email in newest.reason


def submit_until_accepted(world: World, view: OpenedProject, page: "Page") -> int:
    """Submit what the screen shows until a pre-annotated task came by; return that annotation's id."""
    page.goto(f"{world.services.label_studio.url}/projects/{view.id}/data")
    with page.expect_response(is_next_task, timeout=60_000) as given:
        page.click('button:has-text("Label All Tasks")')
    page.get_by_text("How to label here").wait_for(timeout=60_000)  # what annotators are told comes first
    page.keyboard.press("Escape")
    for _ in range(12):
        task = WireTask.model_validate(given.value.json())
        page.get_by_text(str(task.data["text"])).first.wait_for(timeout=60_000)
        shown = any(has_content(view, one.result) for one in task.predictions)
        if not shown:
            page.locator("label:has-text('happy')").first.click()  # blank, for audit: the person decides alone
        page.wait_for_selector(TICKED, timeout=60_000)
        with page.expect_response(is_next_task, timeout=60_000) as given, page.expect_response(is_saved) as saved:
            page.click(SUBMIT)
        new = collected(world, view, saved.value.json()["id"])
        assert (new.origin is Origin.ACCEPTED) is shown
        if shown:
            return new.id
    raise AssertionError("no pre-annotated task came by in twelve")


def is_next_task(answer: "Response") -> bool:
    """Return whether Label Studio has answered which task comes next."""
    return "id=next_task" in answer.url


def is_saved(answer: "Response") -> bool:
    """Return whether Label Studio has answered that it has a new annotation."""
    return "/annotations" in answer.url and answer.request.method == "POST"


def collected(world: World, view: OpenedProject, annotation: int) -> Annotation:
    """Return the annotation once it has been taken in."""

    def found() -> list[Annotation]:
        return [one for one in view.mirror.annotations() if one.id == annotation]

    world.wait(lambda: bool(found()), "the collection")
    return found()[0]


def log_in(world: World, browser: "Browser", email: str, password: str) -> "Page":
    """Return a page of a person who has just logged in."""
    page = browser.new_page()
    page.goto(f"{world.services.label_studio.url}/user/login/")
    page.fill("#email", email)
    page.fill("#password", password)
    page.click('button[aria-label="Log In"]')
    page.wait_for_url(lambda url: "/user/login" not in url)
    return page
