"""Whether a version may answer in a project as it is now configured, or why not."""

from labelloop.domain.lookup import newest
from labelloop.domain.records import Fit
from labelloop.domain.renames import renamed
from labelloop.domain.schema import fields_from_json
from labelloop.domain.schema_of_fit import schema_of_fit
from labelloop.errors import UserError
from labelloop.state.project_state import ProjectState

SHOWN = 5


def unservable(state: ProjectState, fit: Fit) -> str:
    """Return why a version cannot answer now, empty where it can.

    It can if it was fitted for the field as it is, or for the same configuration as the version that serves.
    """
    name, schema = state.field_of(fit), schema_of_fit(fit, state.schemas, state.rounds)
    if name not in {one.field.name for one in state.fields}:
        looped = ", ".join(one.field.name for one in state.fields)
        return f"it was fitted for the field {name}, and project {state.id} now loops {looped}"
    state = state.focused(name)
    then = newest(fields_from_json(schema.field), name=name) if schema else None
    if then is None:
        return ""
    now, serving = state.field, state.deployed
    if serving is not None and schema_of_fit(serving, state.schemas, state.rounds) == schema:
        return ""
    if (then.kind, then.unit, then.to_name, then.reads) != (now.kind, now.unit, now.to_name, now.reads):
        return f"it was fitted when {now.name} was another kind of field ({then.kind.value}; now {now.kind.value})"
    before = {renamed(label, now.renames) for label in then.labels}
    gone, new = sorted(before - set(now.labels)), sorted(set(now.labels) - before)
    changes = [f"{_some(gone)} no longer allowed"] if gone else []
    changes += [f"{_some(new)} new"] if new else []
    return f"the labels have changed since it was fitted: {', '.join(changes)}" if changes else ""


def refuse_unservable(state: ProjectState, fit: Fit) -> None:
    """Raise UserError if a version cannot answer now, naming those that can."""
    reason = unservable(state, fit)
    if not reason:
        return
    others = [one.version for one in state.looped.versions if not unservable(state, one)]
    instead = f"These can: {', '.join(others)}." if others else f"Fit a new one: labelloop train {state.id}."
    raise UserError(f"{fit.version} cannot serve: {reason}. {instead}")


def _some(labels: list[str]) -> str:
    return ", ".join(labels[:SHOWN]) + (f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else "")
