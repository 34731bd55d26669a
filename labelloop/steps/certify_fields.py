"""Which fields the next attempt to certify is about, which are left to people, and how likely each may fail."""

from labelloop.domain.certification import share_of_delta
from labelloop.errors import UserError
from labelloop.state.project_state import ProjectState
from labelloop.steps.phase_guard import refuse_frozen

CONDITIONAL = "asked only after certain answers: people answer it"
WITHOUT_MODEL = "it has no model: what people said of it is released"


def certify_fields(state: ProjectState) -> tuple[ProjectState, ...]:
    """Return the state once for each field that the next attempt is about: those always asked whose model serves.

    Raises UserError where there is none, or an attempt or a release is under way.
    """
    found = tuple(one for one in state.by_field if one.deployed is not None and one.field.condition is None)
    if not found or state.last_round is None:
        raise UserError(f"Project {state.id} has no model to certify yet: label until a round has closed.")
    refuse_frozen(state)
    return found


def left_to_people(state: ProjectState) -> dict[str, str]:
    """Return the fields that the next attempt is not about, each with the reason."""
    conditional = {one.field.name: CONDITIONAL for one in state.fields if one.field.condition is not None}
    return conditional | {
        one.field.name: WITHOUT_MODEL for one in state.fields if one.field.condition is None and one.deployed is None
    }


def delta_of_next(state: ProjectState, confidence: float) -> float:
    """Return the probability that each field of the next attempt may fail with.

    Attempts in which nothing was judged spent none; the fields of one share what it may spend.
    """
    return share_of_delta(confidence, state.attempts_spent + 1, len(certify_fields(state)))
