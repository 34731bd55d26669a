"""From us to Label Studio: a publication, that is the predictions and the order in which people are given tasks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import structlog

from labelloop.domain.asked import parents_first
from labelloop.domain.schema import Field
from labelloop.domain.values import Value
from labelloop.errors import BrokenPromise, NeighbourError, NotFound, UserError
from sync.api.client import LabelStudio
from sync.codecs.form_codec import merged_prediction
from sync.codecs.region_codec import needs_data, validate

if TYPE_CHECKING:
    from labelloop.domain.queue import QueueItem

BATCH = 1000
AT_ONCE = 100

_log = structlog.get_logger()

Row = Mapping[str, object]


def push(
    client: LabelStudio,
    project_id: int,
    label_config: str,
    fields: Sequence[Field],
    name: str,
    items: "Sequence[QueueItem]",
    *,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Publish the items as model version `name`, make it the project's, and return how many were stored.

    A task's predictions of several fields make one. What Label Studio would find unsound of a field is left out, and
    a task of which nothing is left is blind; tasks that were deleted meanwhile are passed over. It may be run again:
    what an earlier push left under that name is removed first. `on_progress` is told how many are stored so far. The
    project's version stays as it is if nothing was stored. Raises NeighbourError where fewer or more arrived than
    were sent (they are removed again), BrokenPromise for a score outside [0, 1].
    """
    shown = _shown(client, project_id, fields, items)
    rows = [_row(label_config, fields, name, item, shown.get(item.task_id)) for item in items]
    stored = _store(client, project_id, name, rows, on_progress)
    if stored:
        client.update_project(project_id, model_version=name)
    return stored


def clear(client: LabelStudio, project_id: int, names: Iterable[str]) -> list[str]:
    """Delete the predictions of these model versions in bulk; return which of them there were.

    Annotations that started from one stay, but Label Studio then forgets that they did. The version that the project
    shows is passed over.
    """
    there, shown = client.model_versions(project_id), client.project(project_id).model_version
    found = [name for name in names if there.get(name) and name != shown]
    for name in found:
        client.delete_predictions(project_id, name)
    return found


def set_overlap(client: LabelStudio, task_ids: Iterable[int], people: int) -> None:
    """Have each of the tasks labelled by this many different people; tasks that are gone are passed over."""
    for task in task_ids:
        try:
            client.set_overlap(task, people)
        except NotFound:
            _log.info("overlap_of_deleted_task", task=task)


def close(client: LabelStudio, task_ids: Iterable[int]) -> None:
    """Have the tasks given to nobody more, as if enough people had labelled them; tasks that are gone are passed over.

    `set_overlap` opens them again.
    """
    for task in task_ids:
        try:
            client.close_task(task)
        except NotFound:
            _log.info("closing_of_deleted_task", task=task)


def _shown(
    client: LabelStudio, project_id: int, fields: Sequence[Field], items: "Sequence[QueueItem]"
) -> dict[int, Row]:
    """Return the data of the tasks whose spans cannot be told without; of tasks that are gone, nothing."""
    names = {field.name for field in fields if needs_data(field)}
    ids = sorted(item.task_id for item in items if names & item.predictions.keys())
    batches = (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
    return {task.id: task.data for batch in batches for task in client.tasks(project_id, batch)}


def _row(label_config: str, fields: Sequence[Field], name: str, item: "QueueItem", data: Row | None) -> Row:
    said: list[tuple[Field, Value]] = []
    for field in parents_first(fields):
        shown = item.predictions.get(field.name)
        if shown is None or (data is None and needs_data(field)):
            continue
        marked = said if field.is_about_regions else []
        tried = [*marked, (field, shown.value)]
        sent = merged_prediction(tried, score=item.score, model_version=name, data=data)
        if reason := validate(label_config, sent):
            _log.warning("prediction_left_out", task=item.task_id, field=field.name, version=name, reason=reason)
        else:
            said.append((field, shown.value))
    row = merged_prediction(said, score=item.score, model_version=name, data=data)
    if still := validate(label_config, row):
        raise BrokenPromise(f"Task {item.task_id} cannot be published as {name}: {still}.")
    return {"task": item.task_id, **row}


def _store(
    client: LabelStudio, project_id: int, name: str, rows: list[Row], on_progress: Callable[[int], None] | None
) -> int:
    _clear(client, project_id, name)
    try:
        _send(client, project_id, name, rows, on_progress)
    except UserError:
        # Label Studio refuses a whole request for one unknown task: look which are left and start over, once.
        alive = client.task_ids(project_id)
        left = [row for row in rows if row["task"] in alive]
        if len(left) == len(rows):
            raise
        _log.info("push_without_deleted_tasks", project=project_id, version=name, dropped=len(rows) - len(left))
        return _store(client, project_id, name, left, on_progress)
    return len(rows)


def _send(
    client: LabelStudio, project_id: int, name: str, rows: list[Row], on_progress: Callable[[int], None] | None
) -> None:
    sent = 0
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        try:
            client.import_predictions(project_id, batch)
        except NeighbourError:
            # The answer was lost, perhaps not the work: go on if all of it has arrived.
            if _stored(client, project_id, name) != sent + len(batch):
                raise
        sent += len(batch)
        if on_progress:
            on_progress(sent)
    stored = _stored(client, project_id, name)
    if stored != sent:
        _clear(client, project_id, name)
        raise NeighbourError(
            f"Label Studio stored {stored} of {sent} predictions of version {name}; they were removed again. "
            "Try again; if it stays, look into Label Studio's log for the reason."
        )


def _stored(client: LabelStudio, project_id: int, name: str) -> int:
    return client.model_versions(project_id).get(name, 0)


def _clear(client: LabelStudio, project_id: int, name: str) -> None:
    if _stored(client, project_id, name):
        client.delete_predictions(project_id, name)
