"""Every page can be read by everybody: nothing that axe finds, nothing wider than the screen, no other host."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.pages.axe import unreadable
from tests.pages.every_page import every_page, first_minute, open_page
from tests.pages.served_pages import ServedPages, served_pages
from tests.pages.showroom_words import ENGLISH, ILL

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DESK, PHONE, SMALL_PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}, {"width": 320, "height": 568}
MEANT = "the server responded with a status of 404"
"""What Chromium says of the page of an error."""


@dataclass
class Heard:
    """What a browser tells beside what it shows."""

    said: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def listen(self, page: "Page") -> None:
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPages]:
    """Yield ordinary projects."""
    with served_pages(tmp_path_factory.mktemp("pages"), ENGLISH) as served:
        yield served


@pytest.fixture(scope="module")
def ill_pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPages]:
    """Yield projects with endless labels and hostile titles."""
    with served_pages(tmp_path_factory.mktemp("ill"), ILL) as served:
        yield served


def complaints(browser: "Browser", served: ServedPages, paths: dict[str, str], language: str, **how: Any) -> list[str]:
    """Return what is wrong with pages, opened one after the other in a window."""
    context, heard, axe, found = served.visit(browser, **how), Heard(), Axe(), list[str]()
    try:
        page = context.new_page()
        heard.listen(page)
        for name, path in paths.items():
            open_page(page, name, path, language)
            found += [f"{name}: {told}" for told in unreadable(page, axe)]
    finally:
        context.close()
    assert heard.hosts == {urlsplit(served.url).netloc}
    return found + [said for said in heard.said if MEANT not in said]


@pytest.mark.parametrize(
    ("language", "scheme", "screen"),
    [("en", "light", DESK), ("zh", "dark", PHONE)],
    ids=["light-desk", "dark-phone"],
)
def test_every_page_is_readable_by_everybody(
    browser: "Browser", pages: ServedPages, language: str, scheme: str, screen: dict[str, int]
) -> None:
    """In English on a light desk, in Chinese on a dark phone; each fits its screen and asks no other host."""
    how = {"color_scheme": scheme, "viewport": screen}
    assert complaints(browser, pages, every_page(ENGLISH), language, **how) == []


@pytest.mark.parametrize(
    ("language", "scheme", "screen"),
    [("zh", "light", DESK), ("en", "dark", SMALL_PHONE)],
    ids=["light-desk", "dark-small-phone"],
)
def test_endless_labels_and_hostile_names_break_no_page(
    browser: "Browser", ill_pages: ServedPages, language: str, scheme: str, screen: dict[str, int]
) -> None:
    """Labels of a hundred characters, with and without spaces; titles and texts that are HTML."""
    how = {"color_scheme": scheme, "viewport": screen}
    assert complaints(browser, ill_pages, every_page(ILL), language, **how) == []


def test_the_first_minute_of_a_project_is_readable(browser: "Browser", pages: ServedPages) -> None:
    """Where there is nothing yet to show."""
    assert complaints(browser, pages, first_minute(), "en", color_scheme="dark", viewport=PHONE) == []
