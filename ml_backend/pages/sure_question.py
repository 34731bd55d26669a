"""What leads are asked before something is done: what it does and costs, and a button that does it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Response

from labelloop.state.load import load
from ml_backend.pages.desk import Desk


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the sentences below it, and the endpoint of the page to go back to, which `tab` names.

    `form` is what the form that follows carries, `foreign` are sentences that are in English in every language.
    `must_tick` is what has to be ticked before, empty for nothing.
    """

    asks: str
    says: tuple[str, ...]
    back: str
    tab: str
    form: Mapping[str, str] = field(default_factory=dict)
    foreign: tuple[str, ...] = ()
    must_tick: str = ""


def ask(desk: Desk, project: int, question: Question, *, error: str = "") -> Response:
    """Return the page with the question, and with what went wrong where it was answered before."""
    title = load(desk.book, project, disconnected=True).connection.title
    return desk.page("sure.html", 400 if error else 200, project=project, title=title, question=question, error=error)
