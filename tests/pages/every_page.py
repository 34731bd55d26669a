"""Where every page of the made-up projects is, and how a browser gets to it."""

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.pages.served_pages import IN_ROUNDS, NEW, RELEASED, SEVERAL
from tests.pages.showroom_words import Words

if TYPE_CHECKING:
    from playwright.sync_api import Page

PARTS = ("", "/quality", "/disputes", "/people", "/versions", "/release", "/rules", "/log")
"""The pages of a project, with that of the guideline, which has an address of its own."""


def every_page(words: Words) -> dict[str, str]:
    """Return the paths of all pages by name, last the one before the log-in; `words` are those of the projects."""
    cell = {"field": words.field, "of": "model", "one": words.labels[1], "other": words.labels[0]}
    of_project = {part.strip("/") or "project": f"/projects/{IN_ROUNDS}{part}" for part in PARTS}
    return {
        "projects": "/projects",
        **of_project,
        "quality-tasks": f"/projects/{IN_ROUNDS}/quality/tasks?{urlencode(cell)}",
        "compare": f"/projects/{IN_ROUNDS}/versions/compare?version=v5&version=v6",
        "disputes-decided": f"/projects/{IN_ROUNDS}/disputes?show=decided",
        "confirmation": f"/projects/{IN_ROUNDS}/versions",
        "train": f"/projects/{IN_ROUNDS}/train",
        "rules-change": f"/projects/{IN_ROUNDS}/rules/change?rule-round_size=10&rule-margin=0.05&rule-learners=prompt",
        "disconnect": f"/projects/{IN_ROUNDS}/disconnect",
        "relabel": f"/projects/{IN_ROUNDS}/relabel",
        "people-release": f"/projects/{IN_ROUNDS}/release/people",
        "certify": f"/projects/{IN_ROUNDS}/certify?n=59",
        "guideline": f"/guideline/{IN_ROUNDS}",
        "report": f"/projects/{IN_ROUNDS}/report",
        "release": f"/projects/{RELEASED}/release",
        **{
            f"several-{part or 'project'}": f"/projects/{SEVERAL}/{part}".rstrip("/")
            for part in ("", "disputes", "versions", "release")
        },
        "system": "/system",
        "error": "/projects/99",
        "log-in": "/login",
    }


def first_minute() -> dict[str, str]:
    """Return the paths of the pages of a project of which there is nothing to tell yet."""
    paths = [f"/projects/{NEW}{part}" for part in PARTS] + [f"/guideline/{NEW}"]
    return {f"new-{path.rpartition('/')[2] if path.count('/') > 2 else path.split('/')[1]}": path for path in paths}


def open_page(page: "Page", name: str, path: str, language: str) -> None:
    """Open a page by its address; the confirmation by the button that leads to it, the report as the file it is.

    The log-in is opened by somebody who has not logged in, and is nobody from then on.
    """
    if name == "log-in":
        page.context.clear_cookies()
    address = f"{path}{'&' if '?' in path else '?'}lang={language}"
    if name == "report":
        page.goto("about:blank")  # the policy of the page before would hold for the file
        page.set_content(page.request.get(address).text())
        return
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == (404 if name == "error" else 200), f"{name}: {answer.status}"
    if name == "confirmation":
        page.locator("button[value=deploy]").first.click()
        page.locator("input[name=sure]").wait_for(state="attached")
        page.wait_for_load_state()  # the style sheet too
