"""While a model is certified or released it is frozen: what that means for whoever asks for something else."""

from labelloop.domain.loop import Phase
from labelloop.errors import UserError
from labelloop.steps.project import ProjectView


def refuse_frozen(view: ProjectView) -> None:
    """Raise UserError, saying what is under way and how it ends, while no round closes and no version is replaced."""
    attempt = view.attempt
    if attempt is None or attempt.phase is Phase.ROUNDS:
        return
    if attempt.phase is Phase.CERTIFY:
        left = len(view.open_certify(view.mirror.annotations()))
        raise UserError(
            f"Attempt {attempt.draw.number} of project {view.id} to certify {attempt.draw.version} is open: its model "
            f"is frozen, and no round closes. Let people judge the {left} tasks that are left "
            f"(`labelloop status {view.id}`), or end it with `labelloop certify {view.id} --abandon`."
        )
    raise UserError(
        f"A release of project {view.id} is under way: its model is frozen, and no round closes. Let people finish it "
        f"(`labelloop status {view.id}`), or call it off with `labelloop release {view.id} --abandon`."
    )
