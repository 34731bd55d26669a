"""The mirror: tasks and annotations as Label Studio last showed them; it may be dropped and pulled again."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select

from labelloop.domain.tasks import Annotation, Origin, Task, TaskState
from labelloop.domain.values import Choice, Choices, FieldKind, Value, labels_of
from labelloop.stores.tables import MIRROR_ANNOTATIONS, MIRROR_CURSORS, MIRROR_TASKS

BATCH = 500


class Mirror:
    """One project's mirror."""

    def __init__(self, engine: Engine, project_id: int) -> None:
        self.engine, self.project_id = engine, project_id

    def put(self, states: Sequence[TaskState]) -> None:
        """Take over these tasks as they now stand, with all their annotations; doing it twice changes nothing."""
        for start in range(0, len(states), BATCH):
            batch = {state.task.id: state for state in states[start : start + BATCH]}
            with self.engine.begin() as connection:
                self._delete(connection, batch)
                connection.execute(insert(MIRROR_TASKS), [self._task_row(state) for state in batch.values()])
                rows = [self._annotation_row(a) for state in batch.values() for a in state.annotations]
                if rows:
                    self._delete_annotations(connection, [row["annotation_id"] for row in rows])
                    connection.execute(insert(MIRROR_ANNOTATIONS), rows)

    def forget(self, task_ids: Iterable[int]) -> None:
        """Forget tasks that no longer exist, and their annotations."""
        ids = sorted(task_ids)
        for start in range(0, len(ids), BATCH):
            with self.engine.begin() as connection:
                self._delete(connection, ids[start : start + BATCH])

    def start_over(self) -> None:
        """Forget the cursor, so that the next pull reads everything anew; what is known stays until it is replaced."""
        with self.engine.begin() as connection:
            connection.execute(self._mine(MIRROR_CURSORS))

    def tasks(self) -> dict[int, Task]:
        """Return all tasks by id, in order of id."""
        query = select(MIRROR_TASKS.c.task_id, MIRROR_TASKS.c.text).where(MIRROR_TASKS.c.project_id == self.project_id)
        with self.engine.connect() as connection:
            return {id_: Task(id_, text) for id_, text in connection.execute(query.order_by(MIRROR_TASKS.c.task_id))}

    def stamps(self) -> dict[int, datetime]:
        """Return when each task last changed, as far as it was taken in."""
        table = MIRROR_TASKS
        query = select(table.c.task_id, table.c.updated_at).where(table.c.project_id == self.project_id)
        with self.engine.connect() as connection:
            return {row.task_id: row.updated_at for row in connection.execute(query)}

    def annotations(self) -> list[Annotation]:
        """Return all annotations, skipped ones included, in order of id."""
        table = MIRROR_ANNOTATIONS
        query = select(table).where(table.c.project_id == self.project_id).order_by(table.c.annotation_id)
        with self.engine.connect() as connection:
            return [_annotation(row) for row in connection.execute(query).mappings()]

    def since(self, reading: str) -> datetime | None:
        """Return the moment up to which changes were taken in under this reading; None before the first pull.

        A reading names how tasks are read (field, kind and inputs); another reading starts from the beginning.
        """
        table = MIRROR_CURSORS
        query = select(table.c.since).where(table.c.project_id == self.project_id, table.c.reading == reading)
        with self.engine.connect() as connection:
            return connection.execute(query).scalar()

    def move(self, reading: str, since: datetime) -> None:
        """Remember that everything changed before `since` was taken in under this reading."""
        with self.engine.begin() as connection:
            connection.execute(self._mine(MIRROR_CURSORS))
            connection.execute(
                insert(MIRROR_CURSORS), [{"project_id": self.project_id, "since": since, "reading": reading}]
            )

    def _mine(self, table: Any) -> Any:
        return delete(table).where(table.c.project_id == self.project_id)

    def _delete(self, connection: Connection, task_ids: Collection[int]) -> None:
        for table in (MIRROR_TASKS, MIRROR_ANNOTATIONS):
            connection.execute(self._mine(table).where(table.c.task_id.in_(list(task_ids))))

    def _delete_annotations(self, connection: Connection, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), BATCH):
            some = MIRROR_ANNOTATIONS.c.annotation_id.in_(ids[start : start + BATCH])
            connection.execute(self._mine(MIRROR_ANNOTATIONS).where(some))

    def _task_row(self, state: TaskState) -> dict[str, Any]:
        task = state.task
        return {
            "project_id": self.project_id,
            "task_id": task.id,
            "text": task.text,
            "fingerprint": task.fingerprint,
            "updated_at": state.updated_at,
        }

    def _annotation_row(self, annotation: Annotation) -> dict[str, Any]:
        return {
            "project_id": self.project_id,
            "annotation_id": annotation.id,
            "task_id": annotation.task_id,
            "annotator_id": annotation.annotator_id,
            "kind": kind_of(annotation.value),
            "labels": sorted(labels_of(annotation.value)) if annotation.value else [],
            "judged_at": annotation.judged_at,
            "origin": annotation.origin.value,
            "shown_prediction": annotation.shown_prediction,
            "lead_time": annotation.lead_time,
            "skipped": annotation.skipped,
            "ground_truth": annotation.ground_truth,
        }


def kind_of(value: Value | None) -> str | None:
    """Return the name of the value's kind, None for no value."""
    if value is None:
        return None
    return (FieldKind.CHOICE if isinstance(value, Choice) else FieldKind.CHOICES).value


def value_of(kind: str | None, labels: Sequence[str]) -> Value | None:
    """Return the value that `kind_of` and its labels describe."""
    if kind is None:
        return None
    return Choice(labels[0]) if kind == FieldKind.CHOICE.value else Choices(frozenset(labels))


def _annotation(row: Any) -> Annotation:
    return Annotation(
        id=row["annotation_id"],
        task_id=row["task_id"],
        annotator_id=row["annotator_id"],
        value=value_of(row["kind"], row["labels"]),
        judged_at=row["judged_at"],
        origin=Origin(row["origin"]),
        shown_prediction=row["shown_prediction"],
        lead_time=row["lead_time"],
        skipped=row["skipped"],
        ground_truth=row["ground_truth"],
    )
