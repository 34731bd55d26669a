"""What an annotator sees: the pre-annotation is on the screen, one click submits it, the next round has it."""

from typing import TYPE_CHECKING

import pandas as pd

from labelloop.domain.records import ClosedRound
from labelloop.domain.tasks import Annotation, Origin
from tests.core.opened_project import OpenedProject
from tests.e2e.world import World, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

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
    before = {a.id for a in view.mirror.annotations()}

    accepted = submit_until_accepted(world, view, page, before)

    world.label_until_round(view, 2)
    record = view.ledger.newest(ClosedRound, view.id, number=2)
    assert record is not None
    with view.book.artifacts.folder(record.artifact) as folder:
        rows = pd.read_csv(folder / "data_labeled_2.csv", dtype={"annotations": str, "origins": str})
    found = rows[rows["annotations"].str.split().map(lambda ids: str(accepted) in ids)]
    assert len(found) == 1
    assert "accepted" in found.iloc[0]["origins"]


def submit_until_accepted(world: World, view: OpenedProject, page: "Page", before: set[int]) -> int:
    """Submit what the screen shows until a pre-annotated task came by; return that annotation's id."""
    page.goto(f"{world.services.label_studio.url}/projects/{view.id}/data")
    page.click('button:has-text("Label All Tasks")')
    page.get_by_text("How to label here").wait_for(timeout=60_000)  # what annotators are told comes first
    page.keyboard.press("Escape")
    for _ in range(12):
        page.wait_for_selector(SUBMIT, timeout=60_000)
        page.wait_for_timeout(500)
        if page.locator(TICKED).count() == 0:
            page.keyboard.press("1")  # an audit task comes blank: the person decides alone
        with page.expect_response(lambda answer: "/annotations" in answer.url and answer.request.method == "POST"):
            page.click(SUBMIT)
        new = collected(world, view, before)
        if new.origin is Origin.ACCEPTED:
            return new.id
        before.add(new.id)
        page.wait_for_timeout(500)
    raise AssertionError("no pre-annotated task came by in twelve")


def collected(world: World, view: OpenedProject, before: set[int]) -> Annotation:
    """Return the annotation that was taken in since, once it is."""
    world.wait(lambda: {a.id for a in view.mirror.annotations()} > before, "the collection")
    return next(a for a in view.mirror.annotations() if a.id not in before)


def log_in(world: World, browser: "Browser", email: str, password: str) -> "Page":
    """Return a page of a person who has just logged in."""
    page = browser.new_page()
    page.goto(f"{world.services.label_studio.url}/user/login/")
    page.fill("#email", email)
    page.fill("#password", password)
    page.click('button[aria-label="Log In"]')
    page.wait_for_url(lambda url: "/user/login" not in url)
    return page
