"""Which fields the next attempt to certify is about, which are left to people, and how likely each may fail."""

from collections.abc import Collection, Sequence

from labelloop.domain.asked import with_parents
from labelloop.domain.certification import share_of_delta
from labelloop.domain.schema import Field
from labelloop.errors import NotFound, UserError
from labelloop.formatting import did_you_mean
from labelloop.state.project_state import ProjectState
from labelloop.steps.phase_guard import refuse_frozen

WITHOUT_MODEL = "it has no model: what people said of it is released"
ASKED_WITHOUT_MODEL = "it has no model: people answer it where it is asked"
LEFT_OUT = "left out of this attempt: what people said of it is released"


def certify_fields(state: ProjectState, without: Collection[str] = ()) -> tuple[ProjectState, ...]:
    """Return the state once for each field that the next attempt is about: those whose model serves.

    A field that is not asked everywhere is among them if those are that it depends on. Fields named in `without` are
    left out, and with each those that depend on it. Raises UserError where there is none, one that is named would not
    be certified anyway, or an attempt or a release is under way; NotFound where there is no field of that name.
    """
    able = _able(state)
    if not able or state.last_round is None:
        raise UserError(f"Project {state.id} has no model to certify yet: label until a round has closed.")
    refuse_frozen(state)
    _refuse_others(state, [field.name for field in able], without)
    kept = certified_without(able, without)
    if not kept:
        raise UserError(
            f"Every field of project {state.id} that has a model is left out: nothing would be certified. To release "
            f"people's labels alone: `labelloop release {state.id} --people-only`."
        )
    return tuple(one for one in state.by_field if one.field in kept)


def certified_without(fields: Sequence[Field], without: Collection[str]) -> list[Field]:
    """Return those of the fields that can be certified without the ones named: their parents are certified too."""
    return with_parents([field for field in fields if field.name not in without])


def left_to_people(state: ProjectState, without: Collection[str] = ()) -> dict[str, str]:
    """Return the fields that the next attempt is not about, each with the reason."""
    kept = {field.name for field in certified_without(_able(state), without)}
    others = (one for one in state.by_field if one.field.name not in kept)
    return {one.field.name: _why_not(one, kept, without) for one in others}


def _able(state: ProjectState) -> list[Field]:
    return with_parents([one.field for one in state.fields if one.deployed is not None])


def _why_not(state: ProjectState, certified: Collection[str], without: Collection[str]) -> str:
    field = state.field
    if state.deployed is None:
        return WITHOUT_MODEL if field.condition is None else ASKED_WITHOUT_MODEL
    if field.name in without:
        return LEFT_OUT
    parents = sorted((field.condition.parents if field.condition else frozenset()) - set(certified))
    return f"it depends on {', '.join(parents)}, not certified either: what people said of it is released"


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
