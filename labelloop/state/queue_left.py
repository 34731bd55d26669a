"""How much of the queue is left to people."""

from labelloop.domain.task_index import TaskIndex
from labelloop.domain.tasks import Role
from labelloop.state.project_state import ProjectState


def queue_left(state: ProjectState) -> int:
    """Return how many of the published tasks people are not done with."""
    tasks, queued = state.tasks, state.queue.order if state.queue else ()
    people = {Role.MONITOR: state.rules.monitor_people}
    return sum(
        len(_done_by(tasks, id_)) < people.get(tasks.roles.get(id_, Role.TRAIN), 1)
        for id_ in queued
        if id_ in tasks.ids
    )


def _done_by(tasks: TaskIndex, task_id: int) -> frozenset[int]:
    """Return who is done with a task: of an audit task, who has labelled it."""
    is_audit = tasks.roles.get(task_id) in (Role.MONITOR, Role.CERTIFY)
    return tasks.answered_by(task_id) if is_audit else tasks.annotators.get(task_id, frozenset())
