"""Closing a round before it is due, as the page of a project offers it."""

from flask import Response, flash

from labelloop.errors import UserError
from labelloop.state.load import load
from ml_backend.auth import PAGES
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.sure_question import Question, ask
from workers.admin.close_early import close_early


def train_page(desk: Desk, project: int, *, error: str = "") -> Response:
    """Return the question whether it is meant, with what it does and costs; raises NotConnected."""
    load(desk.book, project)
    t, status = spoken(), desk.figures.of(project).first
    number, new = (status.rounds[-1].number if status.rounds else 0) + 1, 0
    if status.labels_to_next_round is not None:
        new = max(0, status.due_at - status.labels_to_next_round)
    question = Question(
        asks=t("train_sure", number=number),
        says=(t("train_new", n=new, due=status.due_at), t("train_does"), t("train_costs")),
        back=f"{PAGES}.project",
        tab="overview",
    )
    return ask(desk, project, question, error=error)


def train(desk: Desk, project: int) -> Response | None:
    """Have the round closed, None where that is asked for; raises NotConnected, RedisError."""
    try:
        close_early(desk.book, desk.bell, project)
    except UserError as error:
        return train_page(desk, project, error=str(error))
    finally:
        desk.figures.forget(project)
    flash(spoken()("train_done"))
    return None
