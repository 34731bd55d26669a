"""What may be learned from a round."""

import structlog

from labelloop.domain.rounds import Round
from labelloop.domain.tasks import Role
from labelloop.domain.units import asked_text
from labelloop.learners.base import Encode, Example
from labelloop.state.field_mirror import field_mirror
from labelloop.state.project_state import ProjectState
from labelloop.steps.near_duplicates import near_copies
from labelloop.stores.book import Book

log = structlog.get_logger()


def training_examples(book: Book, state: ProjectState, closed: Round, *, encode: Encode) -> list[Example]:
    """Return what may be learned from a round: settled TRAIN labels that are no near-copy of an audit task.

    The text of an example about regions names them, see `with_regions`.
    """
    field = state.field
    usable = [t for t in closed.training if t.label and field.allows(t.label)]
    monitor = field_mirror(book, state).tasks(sorted(state.tasks.of(Role.MONITOR)))
    audit = [task.text for task in monitor.values()]
    if usable and audit:
        copies = near_copies([t.task.text for t in usable], audit, encode=encode)
        if copies.any():
            left_out = int(copies.sum())
            log.info("near_copies_of_audit_tasks_left_out", project=state.id, round=closed.number, tasks=left_out)
        usable = [task for task, copy in zip(usable, copies, strict=True) if not copy]
    settled = ((t.task, t.label) for t in usable if t.label is not None)
    return [Example(task.id, asked_text(task.text, [value]), value) for task, value in settled]
