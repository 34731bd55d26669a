"""What is only done yet for projects that loop a single field."""

from labelloop.errors import UserError
from labelloop.state.project_state import ProjectState


def refuse_several_fields(state: ProjectState, what: str) -> None:
    """Raise UserError where the project loops more than one field; `what` is what cannot be done, as a subject."""
    if len(state.fields) > 1:
        names = ", ".join(one.field.name for one in state.fields)
        raise UserError(
            f"{what} is not supported yet for a project of several fields ({names}). What people said of all of them "
            f"is released by `labelloop release {state.id} --people-only`; to loop one field alone: "
            f"`labelloop rules {state.id} --set fields={state.field.name}`."
        )
