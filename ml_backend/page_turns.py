"""Pages take turns of their own: whoever looks at them never takes a thread from /predict or /health."""

from flask import Blueprint, Response, g

from ml_backend.responses import refusal
from ml_backend.turns import Turns

PAGES = 4
"""Threads beyond all others: half of them for pages that are being made, half for those that wait."""
WAIT_S = 5.0


def page_turns() -> Turns:
    """Return the turns that all pages of a service take."""
    return Turns(PAGES // 2, may_wait=PAGES // 2, wait_s=WAIT_S)


def limit_pages(pages: Blueprint, turns: Turns) -> None:
    """Answer 503 to a page while two others are being made and none is ready within 5 seconds."""

    @pages.before_request
    def take_turns() -> Response | None:
        if turns.take():
            g.makes_page = True
            return None
        answer = refusal(503, "Other pages are being made: try again in a moment.")
        answer.headers["Retry-After"] = "2"
        return answer

    @pages.teardown_request
    def give_turn_back(_: BaseException | None) -> None:
        if g.pop("makes_page", False):
            turns.give_back()
