"""Taking a project out of the loop, as the page of its rules offers it."""

from labelloop.state.load import load
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.sure_question import Act, Question
from workers.admin.connect_project import disconnect


def _question(desk: Desk, project: int) -> Question:
    t, title = spoken(), load(desk.book, project).connection.title
    return Question(t("disconnect_sure", title=title or project), (t("disconnect_does"), t("disconnect_keeps")))


def _do(desk: Desk, project: int) -> str:
    with desk.working() as context:
        disconnect(context, project)
    return spoken()("disconnect_done")


DISCONNECT = Act(_question, _do, back="rules", tab="rules")
