"""Having labels looked at by one more person: doubtful ones, or tasks that people are split on."""

from flask import Response, flash, request

from labelloop.errors import UserError
from labelloop.state.load import load
from ml_backend.pages.desk import Desk, spoken
from workers.admin.ask_relabel import ask_about_doubtful, ask_about_split
from workers.admin.relabel import to_be_asked_about

DOUBTFUL, SPLIT = "doubtful", "split"
TOP, MOST = 50, 10_000


def relabel_page(desk: Desk, project: int, *, error: str = "") -> Response:
    """Return the page, which says what is asked of people; raises NotConnected."""
    state = load(desk.book, project)
    needed = state.queue.people_needed if state.queue else {}
    return desk.page(
        "relabel.html",
        400 if error else 200,
        project=project,
        title=state.connection.title,
        fields=[one.field.name for one in state.fields],
        field=request.values.get("field", ""),
        top=request.form.get("top", TOP),
        which=request.form.get("which", DOUBTFUL),
        split=len(to_be_asked_about(desk.book, state)),
        waiting=len(needed),
        error=error,
    )


def put_back(desk: Desk, project: int) -> Response | None:
    """Ask a worker for what the form says, None where that is done; the page again where it cannot be."""
    form = request.form
    try:
        if form.get("which") == SPLIT:
            queued = ask_about_split(desk.book, desk.bell, project)
        else:
            field = form.get("field", "")
            queued = ask_about_doubtful(desk.book, desk.bell, project, _top(form.get("top", "")), field)
    except UserError as error:
        return relabel_page(desk, project, error=str(error))
    finally:
        desk.forget(project)
    flash(spoken()("relabel_done" if queued else "relabel_same"))
    return None


def _top(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST):
        raise UserError(spoken()("wrong_number", what=spoken()("relabel_top"), low=1, high=MOST))
    return int(text)
