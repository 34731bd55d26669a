"""What leads are asked before something is done: what it does and costs, and a button that does it."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, flash

from labelloop.errors import UserError
from labelloop.state.load import load
from ml_backend.pages.desk import Desk


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the sentences below it."""

    asks: str
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a lead may have done to a project.

    `question` asks whether it is meant, `do` does it and returns what is then told; `back` is the endpoint of the page
    that offers it, `tab` its name. Both raise errors of ours, and RedisError.
    """

    question: Callable[[Desk, int], Question]
    do: Callable[[Desk, int], str]
    back: str
    tab: str


def ask(desk: Desk, project: int, act: Act, *, error: str = "") -> Response:
    """Return the page with the question, and with what went wrong where it was answered before."""
    question, title = act.question(desk, project), load(desk.book, project).connection.title
    return desk.page(
        "sure.html", 400 if error else 200, project=project, title=title, act=act, question=question, error=error
    )


def answered(desk: Desk, project: int, act: Act) -> Response | None:
    """Do it, and return None; the page again where it cannot be done."""
    try:
        flash(act.do(desk, project))
    except UserError as error:
        return ask(desk, project, act, error=str(error))
    finally:
        desk.forget(project)
    return None
