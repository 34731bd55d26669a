"""Put doubtful labels back into the queue, for a second person."""

from collections.abc import Sequence
from dataclasses import dataclass

from labelloop.domain.release_labels import unsettled
from labelloop.state.project_state import ProjectState
from labelloop.state.release_parts import people_parts
from labelloop.steps.gold_tasks import record_gold
from labelloop.steps.label_errors import Suspect, label_errors
from labelloop.steps.order_queue import order_queue, record_publication
from labelloop.steps.phase_guard import refuse_frozen
from labelloop.steps.trail import enter
from labelloop.stores.book import Book
from workers.admin.release_preview import by_task
from workers.jobs.app_context import AppContext
from workers.jobs.label_studio_sync import bring_out, held_up_to_date


@dataclass(frozen=True, slots=True)
class PutBack:
    """What `relabel` did: the labels put back, of how many that were judged, and which labels had too few examples.

    `publication` is the queue they now stand first in, empty where no label was doubtful.
    """

    suspects: tuple[Suspect, ...]
    judged: int
    too_few: tuple[tuple[str, int], ...]
    publication: str


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """What `relabel --unsettled` did: why each task was not settled, and the queue they now are first in."""

    tasks: dict[int, str]
    publication: str


def ask_about_unsettled(context: AppContext, project_id: int, *, dry_run: bool = False) -> AskedAgain:
    """Publish a queue in which the tasks that people could not settle come first, blind, for one more person each.

    Audit tasks are among them: what one more person says settles their label, and leaves their figures as they are.
    Raises UserError while the project is being certified or released; NeighbourError if another job keeps it busy.
    """
    with held_up_to_date(context, project_id) as state:
        refuse_frozen(state)
        found = to_be_asked_about(context.book, state)
        name = "" if dry_run else _publish(context, state, list(found))
    if name:
        context.bell.ring(project_id)
    return AskedAgain(found, name)


def to_be_asked_about(book: Book, state: ProjectState) -> dict[int, str]:
    """Return why each task was not settled that one more person may settle; what they say of gold tasks does not."""
    checks = {one.task_id for one in state.gold}
    return {id_: why for id_, why in unsettled_of_all_fields(book, state).items() if id_ not in checks}


def unsettled_of_all_fields(book: Book, state: ProjectState) -> dict[int, str]:
    """Return why each task that people could not settle was not; of several fields each by its name."""
    return by_task(
        {
            one.field.name: {
                task_id: why
                for part in people_parts(book, one)
                for task_id, why in unsettled(part.finished.left_out).items()
            }
            for one in state.by_field
        }
    )


def relabel(context: AppContext, project_id: int, top: int, *, field: str = "", dry_run: bool = False) -> PutBack:
    """Publish a queue in which the `top` most doubtful TRAIN labels come first, blind, for one more person each.

    They are labels of the named field, without a name of the first. In a dry run they are only found.

    Raises UserError while the project is being certified or released, or where there are too few labels to judge;
    NeighbourError if another job keeps the project busy.
    """
    with held_up_to_date(context, project_id) as state:
        refuse_frozen(state)
        state = state.focused(field)
        found = label_errors(context.book, state, context=context.models_of(state))
        suspects = found.ranking[:top]
        name = "" if dry_run else _publish(context, state, [suspect.task_id for suspect in suspects])
    if not dry_run:
        context.bell.ring(project_id)
    return PutBack(suspects, found.judged, found.too_few, name)


def _publish(context: AppContext, state: ProjectState, again: Sequence[int]) -> str:
    """Publish a queue with these tasks first, and return its name, empty where nothing was to be published."""
    head = order_queue(context.book, state, context=context.models_of(state), again=again) if again else None
    if head is None:
        return ""
    record_gold(context.book, state, head.gold)
    bring_out(state, context.label_studio, head)
    record_publication(context.book, state, head)
    enter(context.book, state.id, "relabel", f"{len(again)} tasks")
    context.bell.announce(state.id)
    return head.publication.name
