"""Let a version serve, or go back to an earlier one: what the commands and the pages do."""

from contextlib import suppress
from dataclasses import dataclass

from redis.exceptions import RedisError

from labelloop.errors import UserError
from labelloop.state.project_state import ProjectState
from labelloop.state.servable import refuse_unservable
from labelloop.steps import deployments as steps
from labelloop.steps.phase_guard import refuse_frozen
from labelloop.steps.trail import enter
from labelloop.stores.book import Book
from workers.jobs.job_queue import Bell

BY_COMMAND = "by command"


@dataclass(frozen=True, slots=True)
class Served:
    """Which version serves now, whether that is new, and which were passed over on the way back, with the reason."""

    version: str
    is_new: bool
    passed_over: tuple[tuple[str, str], ...] = ()


def serve_version(
    book: Book, bell: Bell, state: ProjectState, version: str, *, pin: bool = False, by: str = BY_COMMAND
) -> Served:
    """Let a version serve from now on the field that it was fitted for; `by` ends the reason that is recorded.

    Raises NotFound where there is no such version, UserError where it cannot serve, another one is pinned, or the
    project is certified or released.
    """
    state = that_it_answers(state, version)
    if not pin:
        steps.refuse_pinned(state)
    return _serve(book, bell, state, version, f"{'pinned' if pin else 'deployed'} {by}", pin=pin)


def roll_back(book: Book, bell: Bell, state: ProjectState, to: str | None = None, *, by: str = BY_COMMAND) -> Served:
    """Go back to a version or, without one, to that which served before; raises what `serve_version` raises."""
    state = that_it_answers(state, to) if to else state
    steps.refuse_pinned(state)
    back = steps.StepBack(to) if to else steps.step_back(state)
    return _serve(book, bell, state, back.version, f"rolled back {by}", back=True, passed_over=back.passed_over)


def that_it_answers(state: ProjectState, version: str) -> ProjectState:
    """Return the state with the field in focus that a version was fitted for, if that is looped."""
    refuse_unservable(state, state.version(version))
    return state.focused(state.field_of(state.version(version)))


def of_one_field(state: ProjectState, field: str | None) -> ProjectState:
    """Return the state, if one field is meant; raises UserError where that may be any of several."""
    if len(state.fields) > 1 and not field:
        names = ", ".join(one.field.name for one in state.fields)
        raise UserError(f"Project {state.id} has several fields ({names}): name one with --field.")
    return state


def _serve(
    book: Book,
    bell: Bell,
    state: ProjectState,
    version: str,
    reason: str,
    *,
    pin: bool = False,
    back: bool = False,
    passed_over: tuple[tuple[str, str], ...] = (),
) -> Served:
    refuse_frozen(state)
    refuse_unservable(state, state.version(version))
    was = state.looped
    if was.deployed_version == version and (was.pinned_version == version or not pin):
        return Served(version, is_new=False, passed_over=passed_over)
    steps.deploy(book, state, version, reason=reason, pinned=pin, rolled_back=back)
    enter(book, state.id, "rollback" if back else "deploy", f"{version} --pin" if pin else version)
    with suppress(RedisError):  # who serves looks at the ledger by itself, and what a bell missed is made up for
        bell.announce(state.id)
        bell.ring(state.id)
    return Served(version, is_new=True, passed_over=passed_over)
