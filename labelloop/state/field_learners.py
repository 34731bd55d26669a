"""Which learners compete for the field in focus."""

from labelloop.domain.default_learners import default_learners
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind
from labelloop.errors import UserError
from labelloop.plugins import asks_llm, learner
from labelloop.state.project_state import ProjectState


def field_learners(state: ProjectState) -> tuple[str, ...]:
    """Return the candidate learners: those that the Rules name, else the quick ones that suit the kind of field."""
    return named_learners(state) or default_learners(state.field.kind)


def named_learners(state: ProjectState) -> tuple[str, ...]:
    """Return the learners that the Rules name for the field: where there are several fields, those that can learn it.

    A project's only field is offered all of them, so that people see which cannot.
    """
    if len(state.fields) < 2:
        return state.rules.learners
    return tuple(spec for spec in state.rules.learners if can_learn(spec, state.field))


def can_learn(spec: str, field: Field) -> bool:
    """Return whether a learner can learn the field: relations one that chooses a label, and no LLM yet.

    One that cannot be loaded is not known to be unable.
    """
    try:
        if field.is_about_pairs:
            return FieldKind.CHOICE in learner(spec).kinds and not asks_llm(spec)
        return field.kind in learner(spec).kinds
    except UserError:  # its fit fails at once, where people see it
        return True
