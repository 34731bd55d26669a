"""A lead without a mouse: every step of the pages is reached with Tab, done with Enter, and the focus can be seen."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.pages.served_pages import IN_ROUNDS, ServedPages, served_pages
from tests.pages.showroom_words import ENGLISH

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MOST_STOPS = 80
FOCUS = """() => {
  const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  const seen = box.width > 0 && box.left >= 0 && box.bottom > 0 && box.top < innerHeight && box.right <= innerWidth;
  return it !== document.body && ring && seen ? '' : it.outerHTML.slice(0, 200);
}"""
"""Returns what has the focus where that cannot be seen, else nothing."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPages]:
    """Yield projects that the test may change."""
    with served_pages(tmp_path_factory.mktemp("pages"), ENGLISH) as served:
        yield served


@pytest.fixture
def page(browser: "Browser", pages: ServedPages) -> "Iterator[Page]":
    """Yield a window on the project, in which nothing was pressed yet."""
    context = pages.visit(browser)
    opened = context.new_page()
    opened.goto(f"/projects/{IN_ROUNDS}")
    yield opened
    context.close()


def tab_to(page: "Page", selector: str) -> None:
    """Press Tab until what the selector names has the focus, which must be visible at every stop."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUS) == ""
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"{selector} is not reached with Tab.")


def press(page: "Page", selector: str) -> None:
    """Go to a link or button with Tab and press Enter; return once the page that follows is there."""
    tab_to(page, selector)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_the_first_stop_leads_past_the_navigation(page: "Page") -> None:
    """The next one is in the content."""
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate(FOCUS) == ""
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_a_version_is_deployed_without_a_mouse(page: "Page") -> None:
    """Through the question, whose answers are reached one after the other."""
    press(page, ".tabs a[href$='/versions']")
    press(page, "button[value=deploy][aria-label$='v4']")
    tab_to(page, "input[name=pin]")
    page.keyboard.press("Space")
    assert page.is_checked("input[name=pin]")
    press(page, "button.main")
    assert page.inner_text("[role=status]").startswith("v4 serves from now on.")
    assert page.inner_text("tbody.serves .pinned") == "pinned"


def test_a_dispute_is_decided_without_a_mouse(page: "Page") -> None:
    """The answer with the arrows, the reason by its first letters, and a note."""
    press(page, ".tabs a[href$='/disputes']")
    tab_to(page, "#task-27 input[type=radio]")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(FOCUS) == ""
    assert page.locator("#task-27 input[type=radio]").nth(1).is_checked()
    tab_to(page, "#task-27 select")
    page.keyboard.type("A slip")
    tab_to(page, "#task-27 textarea")
    page.keyboard.type("Read too fast.")
    press(page, "#task-27 button")
    assert page.inner_text("[role=status]") == "Task 27 is decided."
    press(page, "p a[href*='show=decided']")
    assert "Read too fast." in page.inner_text("#task-27")
