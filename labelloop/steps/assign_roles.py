"""Give every new task its role."""

from labelloop.domain.records import TaskRole
from labelloop.domain.roles import draw_roles
from labelloop.domain.tasks import Role
from labelloop.state.project_state import ProjectState
from labelloop.stores.book import Book


def assign_roles(book: Book, state: ProjectState) -> int:
    """Draw a role for each task that has none; return how many were drawn."""
    if not state.tasks.without_role:
        return 0
    drawn = draw_roles(
        book.mirror(state.id).tasks().values(),
        # CERTIFY is for an attempt only: before and after it these tasks, and so the copies of their texts, are TRAIN
        {t: Role.TRAIN if role is Role.CERTIFY else role for t, role in state.tasks.roles.items()},
        state.tasks.annotators.keys(),
        seed=state.rules.seed,
        planned=state.rules.monitor_size,
    )
    book.ledger.add_roles(TaskRole(state.id, task_id, role) for task_id, role in sorted(drawn.items()))
    return len(drawn)
