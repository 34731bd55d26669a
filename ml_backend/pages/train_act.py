"""Closing a round before it is due, as the page of a project offers it."""

from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.sure_question import Act, Question
from workers.admin.close_early import close_early


def _question(desk: Desk, project: int) -> Question:
    t, status = spoken(), desk.figures.of(project).first
    number, new = (status.rounds[-1].number if status.rounds else 0) + 1, 0
    if status.labels_to_next_round is not None:
        new = max(0, status.due_at - status.labels_to_next_round)
    return Question(
        asks=t("train_sure", number=number),
        says=(t("train_new", n=new, due=status.due_at), t("train_does"), t("train_costs")),
    )


def _do(desk: Desk, project: int) -> str:
    close_early(desk.book, desk.bell, project)
    return spoken()("train_done")


TRAIN = Act(_question, _do, back="project", tab="overview")
