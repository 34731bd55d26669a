"""A lead at work in a browser: their log-in, what the browser complains of meanwhile, and which hosts it asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.pages.axe import WIDER
from workers.local.services import Services

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

DESK: "ViewportSize" = {"width": 1280, "height": 900}
PHONE: "ViewportSize" = {"width": 390, "height": 844}
LOOKS = (("en", "light", DESK), ("en", "dark", PHONE), ("zh", "light", PHONE), ("zh", "dark", DESK))
"""Languages, colours and screens: every two of them that can meet do."""
PATIENCE_MS = 120_000.0


@dataclass
class Lead:
    """Somebody who has logged in; pictures of what they see are kept in `folder`, numbered in their order."""

    page: "Page"
    folder: Path
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    pictures: int = 0

    def listen(self, page: "Page") -> None:
        """Note what is said on a page's console, its errors, and the hosts that it asks."""
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def press(self, button: str, then: str) -> None:
        """Press a button, and wait for what the page says then."""
        self.page.get_by_role("button", name=button, exact=True).click()
        self.page.get_by_text(then).first.wait_for(timeout=PATIENCE_MS)
        self.keep(button)

    def go(self, link: str) -> None:
        """Follow a link of the page."""
        self.page.get_by_role("link", name=link, exact=True).first.click()
        self.keep(link)

    def take(self, file: str) -> bytes:
        """Download a file and return what is in it."""
        with self.page.expect_download() as given:
            self.page.get_by_role("link", name=file, exact=True).click()
        return given.value.path().read_bytes()

    def keep(self, name: str, page: "Page | None" = None) -> None:
        """Keep a picture of a page."""
        self.pictures += 1
        kept = self.folder / f"{self.pictures:02}-{name.replace(' ', '-').replace('/', '-')}.png"
        (page or self.page).screenshot(path=kept, full_page=True)

    def look_around(self, paths: list[str]) -> list[str]:
        """Return which pages are wider than the screen or an error, each in both languages and colours, far and near.

        Every picture is kept.
        """
        found = []
        for language, colours, screen in LOOKS:
            with self._other_window(color_scheme=colours, viewport=screen) as page:
                for path in paths:
                    answer = page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
                    seen = f"{path} in {language}, {colours}, {screen['width']} px"
                    if answer is None or answer.status != 200 or page.evaluate(WIDER) > 0:
                        found.append(seen)
                    self.keep(f"{language}-{colours}-{screen['width']}{path}", page)
        return found

    @contextmanager
    def _other_window(self, **how: Any) -> "Iterator[Page]":
        browser, here = self.page.context.browser, urlsplit(self.page.url)
        assert browser is not None
        session = self.page.context.storage_state()
        context = browser.new_context(base_url=f"{here.scheme}://{here.netloc}", storage_state=session, **how)
        try:
            page = context.new_page()
            self.listen(page)
            yield page
        finally:
            context.close()


@contextmanager
def logged_in(browser: "Browser", services: Services, folder: Path) -> Iterator[Lead]:
    """Yield the administrator, who has just logged in with their account and sees the list of projects."""
    context = browser.new_context(base_url=services.settings.pages_address, locale="en", viewport=DESK)
    try:
        lead = Lead(context.new_page(), folder)
        lead.listen(lead.page)
        lead.page.goto("/")
        lead.complaints.clear()  # Chromium tells of the 401 of whoever has not logged in yet
        lead.page.fill("[name=name]", services.label_studio.email)
        lead.page.fill("[name=password]", services.label_studio.password)
        lead.press("Log in", "Connect a project")
        yield lead
    finally:
        context.close()
