"""What a project holds that counts as no answer, as the mirror has it."""

from labelloop.domain.answer_counts import AnswerCounts, unknown_labels
from labelloop.state.field_mirror import field_mirror
from labelloop.state.project_state import ProjectState
from labelloop.stores.book import Book


def answer_counts(book: Book, state: ProjectState) -> AnswerCounts:
    """Return what counts as no answer of the looped field, by reason."""
    mirror, tasks = field_mirror(book, state), state.tasks
    unreadable = mirror.unreadable()
    blank = tasks.ids - tasks.with_text - unreadable.keys()
    return AnswerCounts(
        unanswered=mirror.unanswered(),
        unknown_labels=unknown_labels(state.field, mirror.values()),
        without_text=len(blank),
        annotations_without_text=sum(len(tasks.annotators.get(task_id, ())) for task_id in blank),
        unreadable_tasks=unreadable,
    )
