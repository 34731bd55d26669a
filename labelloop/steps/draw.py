"""Give every new task its role."""

from labelloop.domain.records import TaskRole
from labelloop.domain.roles import draw_roles
from labelloop.domain.tasks import Role
from labelloop.steps.project import ProjectView


def assign_roles(view: ProjectView) -> int:
    """Draw a role for each task that has none; return how many were drawn."""
    rules = view.rules
    judged = {annotation.task_id for annotation in view.mirror.annotations()}
    drawn = draw_roles(
        view.mirror.tasks().values(),
        # CERTIFY is for an attempt only: before and after it these tasks, and so the copies of their texts, are TRAIN
        {t: Role.TRAIN if role is Role.CERTIFY else role for t, role in view.ledger.roles(view.id).items()},
        judged,
        seed=rules.seed,
        planned=rules.monitor_size,
    )
    view.ledger.add_roles(TaskRole(view.id, task_id, role) for task_id, role in sorted(drawn.items()))
    return len(drawn)
