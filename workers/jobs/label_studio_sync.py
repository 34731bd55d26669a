"""What passes between Label Studio and the core: changes come in, the queue goes out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from labelloop.domain.next_step import Phase
from labelloop.domain.published_queue import LAST, outdated
from labelloop.domain.records import Publication, SchemaVersion
from labelloop.domain.schema import Field, digest_of, fields_json
from labelloop.domain.tasks import Role
from labelloop.errors import LabelLoopError, NotFound, ProjectGone
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.steps.assign_roles import assign_roles
from labelloop.stores.book import Book
from sync import push
from sync.api.client import LabelStudio
from sync.api.wire import WireProject
from sync.config import label_config
from workers.jobs.app_context import AppContext
from workers.jobs.catch_up import catch_up
from workers.jobs.looped_fields import looped_fields
from workers.jobs.project_lock import held_project

if TYPE_CHECKING:
    from labelloop.steps.order_queue import QueueHead

log = structlog.get_logger()


@contextmanager
def held_up_to_date(context: AppContext, project_id: int) -> Iterator[ProjectState]:
    """Hold the project, with what people said a moment ago taken in, while a command's block runs.

    Raises NotConnected at once, NeighbourError if a job keeps the project busy.
    """
    load(context.book, project_id)  # raises NotConnected before anything is waited for
    with held_project(context.bell.redis, project_id):
        yield take_in(context.book, load(context.book, project_id), context.label_studio)


def project_in(label_studio: LabelStudio, project_id: int) -> WireProject:
    """Return a looped project as Label Studio has it; raises NotFound, with what to do, where it was deleted."""
    try:
        return label_studio.project(project_id)
    except NotFound as error:
        raise ProjectGone(project_id) from error


def take_in(book: Book, state: ProjectState, label_studio: LabelStudio) -> ProjectState:
    """Bring the mirror, the schema and the roles up to date with Label Studio; return the state after that."""
    config = project_in(label_studio, state.id).label_config
    fields = looped_fields(config, state.rules, state.id, state.schemas)
    known = state.schemas[-1] if state.schemas else None
    changed = record_schema(book, state.id, known, config, fields)
    if catch_up(book.mirror(state.id), fields, label_studio, label_config.controls(config)) or changed:
        state = load(book, state.id)
    return load(book, state.id) if assign_roles(book, state) else state


def record_schema(
    book: Book, project_id: int, known: SchemaVersion | None, config: str, fields: Sequence[Field]
) -> bool:
    """Record the labelling configuration as a new schema version if its meaning has changed; return whether it has."""
    text = fields_json(fields)
    if known is not None and known.field == text:
        return False
    number = (known.number if known else 0) + 1
    record = SchemaVersion(project_id, number, config, text, digest_of(text), created_at=datetime.now(UTC))
    return book.record(record, f"schema-{number}")


def bring_out(
    state: ProjectState, label_studio: LabelStudio, head: "QueueHead", on_progress: Callable[[int], None] | None = None
) -> None:
    """Push the head of the queue to Label Studio, audit tasks to be judged by several people, in a release by one.

    A gold task is given to one person more than have annotated it.

    CERTIFY tasks may have been pre-annotated before they were drawn: whatever stands for them is deleted first.
    """
    roles = state.tasks.roles
    certify = [item.task_id for item in head.items if roles[item.task_id] is Role.CERTIFY]
    if certify:
        label_studio.delete_task_predictions(state.id, certify)
    audit = [id_ for item in head.items if roles[id_ := item.task_id] is Role.MONITOR and id_ not in head.gold]
    people = 1 if state.phase is Phase.RELEASE else state.rules.monitor_people
    for task_id in audit:
        push.set_overlap(label_studio, [task_id], state.tasks.annotators_needed(task_id, people))
    for task_id in sorted(head.gold):
        push.set_overlap(label_studio, [task_id], len(state.tasks.annotators.get(task_id, ())) + 1)
    for task_id, people in head.again:
        push.set_overlap(label_studio, [task_id], people)
    ids = [item.task_id for item in head.items]
    if state.phase is not Phase.ROUNDS and len(ids) <= LAST:
        push.set_overlap(label_studio, ids, 2)  # whoever has locked one must not keep all others waiting
    elif state.phase is Phase.ROUNDS and any(one.certificate for one in state.looped.releases):
        closed = frozenset(ids).difference(audit, dict(head.again), head.gold)  # by the release before
        push.set_overlap(label_studio, sorted(closed), 1)
    push.push(
        label_studio,
        state.id,
        state.schema.label_config,
        [one.field for one in state.fields],
        head.publication.name,
        head.items,
        on_progress=on_progress,
    )


def clear_outdated(
    label_studio: LabelStudio, project_id: int, publications: Sequence[Publication], keep: timedelta
) -> None:
    """Delete the predictions of publications that newer ones have replaced, `keep` after that.

    The newest two stay. A failure is logged: after the next publication it is tried again.
    """
    names = outdated(publications, datetime.now(UTC), keep)
    try:
        if names and (cleared := push.clear(label_studio, project_id, names)):
            log.info("publications_cleared", project=project_id, names=cleared)
    except LabelLoopError as error:
        log.warning("publications_not_cleared", project=project_id, reason=str(error))
