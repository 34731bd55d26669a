"""While a model is certified or released it is frozen: what that means for whoever asks for something else."""

from labelloop.domain.next_step import Phase
from labelloop.domain.task_index import open_certify
from labelloop.errors import UserError
from labelloop.state.project_state import ProjectState


def refuse_frozen(state: ProjectState) -> None:
    """Raise UserError, saying what is under way and how it ends, while no round closes and no version is replaced."""
    attempt = state.shared_attempt
    if attempt is None or state.phase is Phase.ROUNDS:
        return
    if state.phase is Phase.CERTIFY:
        left, versions = len(open_certify(state.tasks)), "+".join(one.draw.version for one in state.attempts)
        raise UserError(
            f"Attempt {attempt.draw.number} of project {state.id} to certify {versions} is open: its model "
            f"is frozen, and no round closes. Let annotators label the {left} tasks that are left "
            f"(`labelloop status {state.id}`), or end it with `labelloop certify {state.id} --abandon`."
        )
    raise UserError(
        f"A release of project {state.id} is under way: its model is frozen, and no round closes. Let people finish it "
        f"(`labelloop status {state.id}`), or cancel it with `labelloop release {state.id} --abandon`."
    )
