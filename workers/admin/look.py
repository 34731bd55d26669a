"""A look at the audit set that the lead asks for."""

from labelloop.domain.records import Verdict
from labelloop.errors import UserError
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.steps.phase_guard import refuse_frozen
from labelloop.stores.book import Book
from workers.admin.next_move import Move
from workers.admin.release_status import next_of_ending
from workers.jobs.job_queue import Bell
from workers.jobs.project_lock import held_project


def look_now(book: Book, bell: Bell, project_id: int, field: str = "") -> Verdict:
    """Give the verdict on a field in the newest round as a look, and return it; the one there is if nothing is new.

    Without a name it is the first field.
    Raises UserError before a round was decided on, or while the project is certified or released.
    """
    from labelloop.steps.give_verdict import give_verdict  # what it computes with takes a second to load

    load(book, project_id)  # raises NotConnected before anything is waited for
    with held_project(bell.redis, project_id):
        state = load(book, project_id).focused(field)
        refuse_frozen(state)
        number = state.round_number
        if state.looped.decision(number) is None:
            raise UserError(f"No round of project {project_id} has been decided on yet: see `labelloop status`.")
        return give_verdict(book, state, number, asked=True)


def ended(book: Book, state: ProjectState) -> str:
    """Return that the release is written, if it is and holds for the tasks there are; else empty."""
    found = next_of_ending(book, state)
    return str(found).removeprefix("nothing: ") if found and found.move is Move.RELEASED else ""
