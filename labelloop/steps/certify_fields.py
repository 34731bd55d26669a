"""Which fields the next attempt to certify is about, which are left to people, and how likely each may fail."""

from collections.abc import Collection

from labelloop.domain.certification import share_of_delta
from labelloop.errors import NotFound, UserError
from labelloop.formatting import did_you_mean
from labelloop.state.project_state import ProjectState
from labelloop.steps.phase_guard import refuse_frozen

CONDITIONAL = "asked only after certain answers: people answer it"
WITHOUT_MODEL = "it has no model: what people said of it is released"
LEFT_OUT = "left out of this attempt: what people said of it is released"


def certify_fields(state: ProjectState, without: Collection[str] = ()) -> tuple[ProjectState, ...]:
    """Return the state once for each field that the next attempt is about: those always asked whose model serves.

    Fields named in `without` are left out. Raises UserError where there is none, one that is named would not be
    certified anyway, or an attempt or a release is under way; NotFound where there is no field of that name.
    """
    found = tuple(one for one in state.by_field if one.deployed is not None and one.field.condition is None)
    if not found or state.last_round is None:
        raise UserError(f"Project {state.id} has no model to certify yet: label until a round has closed.")
    refuse_frozen(state)
    _refuse_others(state, [one.field.name for one in found], without)
    kept = tuple(one for one in found if one.field.name not in without)
    if not kept:
        raise UserError(
            f"Every field of project {state.id} that has a model is left out: nothing would be certified. To release "
            f"people's labels alone: `labelloop release {state.id} --people-only`."
        )
    return kept


def left_to_people(state: ProjectState, without: Collection[str] = ()) -> dict[str, str]:
    """Return the fields that the next attempt is not about, each with the reason."""
    conditional = {one.field.name: CONDITIONAL for one in state.fields if one.field.condition is not None}
    always = [one for one in state.fields if one.field.condition is None]
    lacking = {one.field.name: WITHOUT_MODEL for one in always if one.deployed is None}
    return conditional | lacking | {one.field.name: LEFT_OUT for one in always if one.field.name in without}


def delta_of_next(state: ProjectState, confidence: float, fields: int) -> float:
    """Return the probability that each of so many fields of the next attempt may fail with.

    Attempts in which nothing was judged spent none; the fields of one share what it may spend.
    """
    return share_of_delta(confidence, state.attempts_spent + 1, fields)


def _refuse_others(state: ProjectState, certified: Collection[str], without: Collection[str]) -> None:
    reasons = left_to_people(state)
    for name in without:
        if name in reasons:
            raise UserError(f"Field {name} needs no --without, it is not certified: {reasons[name]}.")
        if name not in certified:
            near, known = did_you_mean(name, certified), ", ".join(certified)
            raise NotFound(f"Project {state.id} has no field {name!r} to leave out{near}; it can certify: {known}.")
