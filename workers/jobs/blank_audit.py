"""Audit tasks that somebody submitted without an answer: no answer, so one more annotator is asked."""

from collections.abc import Iterable

import structlog

from labelloop.domain.next_step import Phase
from labelloop.domain.task_index import open_certify, open_monitor
from labelloop.errors import NotFound
from labelloop.state.project_state import ProjectState
from sync.api.client import LabelStudio

AT_ONCE = 100

log = structlog.get_logger()


def annotators_needed(state: ProjectState) -> dict[int, int]:
    """Return the open audit tasks that hold annotations without an answer, with how many annotators each takes."""
    tasks = state.tasks
    match state.phase:
        case Phase.ROUNDS:
            audit, people = open_monitor(tasks, state.rules.monitor_people), state.rules.monitor_people
        case Phase.CERTIFY:
            audit, people = open_certify(tasks), 1
        case Phase.RELEASE:
            return {}
    return {id_: tasks.annotators_needed(id_, people) for id_ in audit if id_ in tasks.without_answer}


def ask_one_more(state: ProjectState, label_studio: LabelStudio) -> None:
    """Have Label Studio give these tasks to further annotators, where it has not been told to yet."""
    needed = annotators_needed(state)
    for batch in _batches(sorted(needed)):
        for task in label_studio.tasks(state.id, batch):
            if not task.unreadable and task.overlap < needed[task.id]:
                _raise(label_studio, task.id, needed[task.id])


def _raise(label_studio: LabelStudio, task_id: int, people: int) -> None:
    try:
        label_studio.set_overlap(task_id, people)
    except NotFound:
        return
    log.info("audit_task_without_answer", task=task_id, people=people)


def _batches(ids: list[int]) -> Iterable[list[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
