"""Ask a worker to put labels back into the queue, for another person to look at."""

from labelloop.errors import UserError
from labelloop.state.load import load
from labelloop.steps.phase_guard import refuse_frozen
from labelloop.steps.trail import enter
from labelloop.stores.book import Book
from workers.jobs.job_queue import Bell


def ask_about_doubtful(book: Book, bell: Bell, project_id: int, top: int, field: str = "") -> bool:
    """Have at most `top` doubtful labels of a field put back; return False where that is being done already.

    Raises NotConnected, UserError where the project is certified or released, has several fields of which none is
    named, or no model; NotFound for an unknown field, RedisError where nothing was queued.
    """
    state = load(book, project_id).focused(field)
    refuse_frozen(state)
    if len(state.fields) > 1 and not field:
        names = ", ".join(one.field.name for one in state.fields)
        raise UserError(f"Project {project_id} has several fields ({names}): name one.")
    if state.deployed is None:
        raise UserError(f"Project {project_id} has no model yet: label until the first round is closed.")
    queued = bell.enqueue_asked("relabel", project_id, top, *filter(None, [field]))
    if queued:
        enter(book, project_id, "relabel", ", ".join([f"at most {top}", *filter(None, [field])]))
    return queued


def ask_about_split(book: Book, bell: Bell, project_id: int) -> bool:
    """Have the tasks that people are split on put back; return False where that is being done already.

    Raises NotConnected, UserError while the project is certified or released, RedisError where nothing was queued.
    """
    refuse_frozen(load(book, project_id))
    queued = bell.enqueue_asked("ask_again", project_id)
    if queued:
        enter(book, project_id, "relabel", "unsettled")
    return queued
