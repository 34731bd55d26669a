"""From Label Studio to us: what changed since the cursor, and which tasks are gone."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Origin, Task, TaskState
from sync.client import LabelStudio
from sync.codecs import decode, origin, task_text
from sync.marks import is_ours
from sync.wire import WireAnnotation, WireTask

# A change is stamped when its transaction begins and seen when it ends, so the cursor may overtake a slow one.
OVERLAP = timedelta(minutes=5)
AT_ONCE = 100


def states(
    client: LabelStudio,
    project_id: int,
    field: Field,
    *,
    since: datetime | None,
    known: Mapping[int, datetime] | None = None,
) -> Iterator[TaskState]:
    """Yield every task that changed since the cursor (less `OVERLAP`), all tasks without a cursor, by rising id.

    `known` says when each task last changed as far as the caller knows; those that stand there with the same time are
    passed over. A state carries all annotations the task has now, so one that is missing was deleted. The same state
    may come again: take it in by annotation id and time. The next cursor is the latest `updated_at` seen. Drafts are
    never seen.
    """
    if since is None:
        found = client.task_pages(project_id)
    else:
        changed = client.changed(project_id, since - OVERLAP)
        new = sorted(task for task, stamp in changed.items() if (known or {}).get(task) != stamp)
        found = (client.tasks(project_id, new[at : at + AT_ONCE]) for at in range(0, len(new), AT_ONCE))
    for page in found:
        for task in page:
            yield state(field, task)


def deleted(client: LabelStudio, project_id: int, known: Collection[int]) -> set[int]:
    """Return which of the known tasks Label Studio no longer has.

    Cheap while nothing is missing: ids are listed only if Label Studio's count differs from `len(known)`. Call it with
    every task ever pulled and not yet seen deleted, after `states` was taken in: new tasks are then among the known, so
    an import cannot make up for a deletion. An import and as many deletions in the moment between hide each other only
    until the next call.
    """
    tasks, _ = client.counts(project_id)
    return set() if tasks == len(known) else set(known) - client.task_ids(project_id)


def state(field: Field, task: WireTask) -> TaskState:
    """Return the task as our core knows it, seen through the looped field.

    Model labels that a release wrote as annotations are nobody's judgements and are left out.
    """
    return TaskState(
        task=Task(task.id, task_text(field, task.data)),
        annotations=tuple(_annotation(field, task, said) for said in task.annotations if not is_ours(said)),
        updated_at=task.updated_at,
    )


def _annotation(field: Field, task: WireTask, annotation: WireAnnotation) -> Annotation:
    came_from = origin(field, annotation, task.predictions, task.data)
    # A skipped annotation still holds the pre-annotation's regions; an empty one that no person saved says nothing.
    silent = annotation.was_cancelled or (came_from is Origin.IMPORTED and not annotation.result)
    return Annotation(
        id=annotation.id,
        task_id=task.id,
        annotator_id=annotation.annotator_id,
        value=None if silent else decode(field, annotation.result, task.data),
        judged_at=annotation.updated_at,
        origin=came_from,
        shown_prediction=annotation.parent_prediction,
        lead_time=annotation.lead_time,
        skipped=annotation.was_cancelled,
        ground_truth=annotation.ground_truth,
    )
