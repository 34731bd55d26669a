"""From Label Studio to us: what changed since the cursor, and which tasks are gone."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from labelloop.domain.asked import Answer, Fields, answers_where_asked
from labelloop.domain.field_texts import joint_inputs
from labelloop.domain.own_columns import own_json
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Task, TaskState
from labelloop.domain.unanswered import Unanswered
from sync.api.client import LabelStudio
from sync.api.wire import WireAnnotation, WireTask
from sync.codecs.form_codec import origin_in_form, read_field
from sync.codecs.region_codec import inputs_text, is_imported
from sync.codecs.region_shapes import names_any
from sync.codecs.release_marks import is_ours

# A change is stamped when its transaction begins and seen when it ends, so the cursor may overtake a slow one. Counts
# are compared besides, and each task in this window costs Label Studio a millisecond at every look.
OVERLAP = timedelta(minutes=1)
AT_ONCE = 100


def states(
    client: LabelStudio,
    project_id: int,
    fields: Sequence[Field],
    *,
    since: datetime | None,
    controls: Collection[str] = (),
    known: Callable[[Sequence[int]], Mapping[int, datetime]] | None = None,
) -> Iterator[TaskState]:
    """Yield every task that changed since the cursor (less `OVERLAP`), all tasks without a cursor, by rising id.

    `known` returns when each of some tasks last changed as far as the caller knows; those that stand there with the
    same time are passed over. A state carries all annotations the task has now, so one that is missing was deleted.
    `controls` are the names of the configuration's control tags, see `state`. The same state may come again: take it in
    by annotation id and time. `next_since` is the next cursor. Drafts are never seen.
    """
    if since is None:
        found = client.task_pages(project_id)
    else:
        changed = client.changed(project_id, since - OVERLAP)
        stamps = known(list(changed)) if known and changed else {}
        new = sorted(task for task, stamp in changed.items() if stamps.get(task) != stamp)
        found = _pages(client, project_id, new)
    for page in found:
        for task in page:
            yield state(fields, task, controls)


def first_states(
    client: LabelStudio, project_id: int, fields: Sequence[Field], controls: Collection[str], most: int = 500
) -> list[TaskState]:
    """Return the first tasks of a project, by id: a look that takes seconds however large it is."""
    page = next(client.task_pages(project_id, page_size=most), [])
    return [state(fields, task, controls) for task in page]


def next_since(newest: datetime, *clocks: datetime) -> datetime:
    """Return the next cursor: the latest `updated_at` seen, but never a moment that is still to come by any clock.

    A clock that was ahead for a while stamps changes with the future; those made after it was put right are older.

    >>> from datetime import UTC
    >>> ahead, now = datetime(2026, 11, 22, 13, tzinfo=UTC), datetime(2026, 11, 22, 12, tzinfo=UTC)
    >>> next_since(ahead, now) == now
    True
    """
    return min(newest, *clocks)


def full_look(
    client: LabelStudio,
    project_id: int,
    fields: Sequence[Field],
    known: Mapping[int, datetime],
    controls: Collection[str] = (),
) -> tuple[Iterator[TaskState], set[int]]:
    """Return every task whose last change is not the known one, by rising id, and which of the known tasks are gone.

    `known` is when each task last changed as far as the caller knows. No cursor is asked, so that no clock can mislead.
    """
    stamps = client.changed(project_id, None)
    news = sorted(task for task, stamp in stamps.items() if known.get(task) != stamp)
    pages = _pages(client, project_id, news)
    return (state(fields, task, controls) for page in pages for task in page), known.keys() - stamps


def _pages(client: LabelStudio, project_id: int, ids: Sequence[int]) -> Iterator[list[WireTask]]:
    return (client.tasks(project_id, ids[at : at + AT_ONCE]) for at in range(0, len(ids), AT_ONCE))


def state(fields: Sequence[Field], task: WireTask, controls: Collection[str] = ()) -> TaskState:
    """Return the task as our core knows it, seen through the looped fields.

    Model labels that a release wrote as annotations are nobody's judgements and are left out. An annotation that names
    none of the `controls` (if these are given) was not made with this configuration: it is unreadable, not empty.
    """
    given = [one for one in task.annotations if not is_ours(one)]
    several, by_name = len(fields) > 1, {field.name: field for field in fields}
    return TaskState(
        task=Task(task.id, "" if task.unreadable else inputs_text(joint_inputs(fields), task.data)),
        annotations=tuple(
            _annotation(field, by_name, task, one, answer, name=field.name if several else "")
            for one in given
            for field, answer in _answers(by_name, task, one, controls)
        ),
        updated_at=task.updated_at,
        left_out=len(task.annotations) - len(given),
        unreadable=task.unreadable,
        own=own_json(task.data, task.meta),
    )


def _annotation(
    field: Field, fields: Fields, task: WireTask, annotation: WireAnnotation, found: Answer, *, name: str
) -> Annotation:
    return Annotation(
        id=annotation.id,
        task_id=task.id,
        annotator_id=annotation.annotator_id,
        value=None if isinstance(found, Unanswered) else found,
        judged_at=annotation.updated_at,
        origin=origin_in_form(field, fields, annotation, task.predictions, task.data),
        shown_prediction=annotation.parent_prediction,
        lead_time=annotation.lead_time,
        skipped=annotation.was_cancelled,
        ground_truth=annotation.ground_truth,
        unanswered=found if isinstance(found, Unanswered) else None,
        field=name,
    )


def _answers(
    fields: Fields, task: WireTask, annotation: WireAnnotation, controls: Collection[str]
) -> Iterator[tuple[Field, Answer]]:
    """Yield what an annotation says of each field; of one that was not asked, the reason why it says nothing."""
    said = {name: _answer(field, fields, task, annotation, controls) for name, field in fields.items()}
    counted = answers_where_asked(fields, said)
    return ((field, counted[name]) for name, field in fields.items())


def _answer(
    field: Field, fields: Fields, task: WireTask, annotation: WireAnnotation, controls: Collection[str]
) -> Answer:
    if annotation.was_cancelled:  # it still holds the pre-annotation's regions
        return Unanswered.SKIPPED
    if annotation.result is None or (is_imported(annotation) and not annotation.result):
        return Unanswered.EMPTY  # no person has looked at the task and found nothing to say
    if controls and not names_any(controls, annotation.result):
        return Unanswered.UNREADABLE
    return read_field(field, fields, annotation.result, task.data)
