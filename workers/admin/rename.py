"""Rename labels: what people said under an old name counts under the new one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from labelloop.domain.lookup import matching
from labelloop.domain.renames import Renames, renamed
from labelloop.domain.schema import fields_from_json
from labelloop.domain.values import PATH_BREAK
from labelloop.errors import UserError
from labelloop.formatting import did_you_mean, few
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.state.rename_offers import label_counts
from labelloop.steps.phase_guard import refuse_frozen
from labelloop.steps.trail import enter
from workers.jobs.app_context import AppContext
from workers.jobs.label_studio_sync import held_up_to_date, record_schema, take_in


@dataclass(frozen=True, slots=True)
class RenamedLabels:
    """What `rename` did: how many annotations counted again by old name, and the version that serves meanwhile."""

    annotations: dict[str, int]
    serves: str


def parse_renames(words: Iterable[str]) -> Renames:
    """Return the pairs of old and new names that words of a command line say; raises UserError for any other word.

    >>> parse_renames(["娱乐=文娱"])
    (('娱乐', '文娱'),)
    """
    pairs = []
    for word in words:
        old, equals, new = (part.strip() for part in word.partition("="))
        if not (old and equals and new) or old == new:
            raise UserError(f"{word!r} renames nothing: write OLD=NEW.")
        pairs.append((old, new))
    return tuple(pairs)


def rename(context: AppContext, project_id: int, pairs: Renames, field: str = "") -> RenamedLabels:
    """Record the new names as a new schema version, read every annotation anew, and ring the project's bell.

    They are labels of the named field; without a name of the first that has all the new ones. A round is due after
    it. Raises UserError for a name that is still, or not, a label, and while the project is being certified or
    released.
    """
    with held_up_to_date(context, project_id) as state:
        refuse_frozen(state)
        state = state.focused(field) if field else _field_with(state, [new for _, new in pairs])
        counts = label_counts(context.book, state)
        _check(state, counts, pairs)
        looped = replace(state.field, renames=(*state.field.renames, *pairs))
        fields = [looped if one.field.name == looped.name else one.field for one in state.fields]
        record_schema(context.book, project_id, state.schema, state.schema.label_config, fields)
        found = {
            old: sum(n for label, n in counts.items() if renamed(label, ((old, new),)) != label) for old, new in pairs
        }
        take_in(context.book, load(context.book, project_id), context.label_studio)
        enter(context.book, project_id, "rename", ", ".join(f"{old}={new}" for old, new in pairs))
        serves = state.looped.deployed_version
    context.bell.ring(project_id)
    return RenamedLabels(found, serves)


def _field_with(state: ProjectState, labels: Sequence[str]) -> ProjectState:
    """Return the state with the first field in focus that has these labels, else the very first."""
    found = (one for one in state.by_field if all(_names(label, one.field.labels) for label in labels))
    return next(found, state)


def _check(state: ProjectState, given: Iterable[str], pairs: Renames) -> None:
    """Raise UserError unless each pair names a label that is gone, earlier or `given` by somebody, and one there is."""
    before = [one for schema in state.schemas for one in fields_from_json(schema.field)]
    earlier = [label for one in matching(before, name=state.field.name) for label in one.labels]
    gone = sorted({*earlier, *given}.difference(state.field.labels))
    for old, new in pairs:
        if not _names(new, state.field.labels):
            near, known = did_you_mean(new, state.field.labels), few(state.field.labels)
            raise UserError(f"{new} is no label of {state.field.name}{near}; its labels are: {known}.")
        if _names(old, state.field.labels):
            raise UserError(
                f"{old} is still a label of {state.field.name}: rename it in the labelling configuration first "
                "(Settings > Labeling Interface)."
            )
        if not _names(old, gone):
            near, known = did_you_mean(old, gone), few(gone) or "none"
            raise UserError(f"Nobody gave {state.field.name} a label {old}{near}; labels that are gone: {known}.")


def _names(name: str, labels: Sequence[str]) -> bool:
    """Return whether it is one of the labels, or a step of a taxonomy above one."""
    return any(label == name or label.startswith(name + PATH_BREAK) for label in labels)
