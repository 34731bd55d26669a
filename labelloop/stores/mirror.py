"""The mirror: tasks and annotations as Label Studio last showed them; it may be dropped and pulled again."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select

from labelloop.domain.tasks import Annotation, Origin, Task, TaskState
from labelloop.domain.values import FieldKind, kind_of, plain, value_of
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

    def tasks(self, ids: Sequence[int] | None = None) -> dict[int, Task]:
        """Return all tasks, or those of these ids that there are, in order of id."""
        table = MIRROR_TASKS
        query = select(table.c.task_id, table.c.text).where(table.c.project_id == self.project_id)
        query = query.order_by(table.c.task_id)
        found: dict[int, Task] = {}
        with self.engine.connect() as connection:
            for start in range(0, 1 if ids is None else len(ids), BATCH):
                some = query if ids is None else query.where(table.c.task_id.in_(sorted(ids)[start : start + BATCH]))
                found |= {id_: Task(id_, text) for id_, text in connection.execute(some)}
        return found

    def fingerprints(self, ids: Sequence[int]) -> dict[int, str]:
        """Return the fingerprints of these tasks' texts, as far as there are such tasks; some thousand ids at most."""
        table = MIRROR_TASKS
        query = select(table.c.task_id, table.c.fingerprint).where(table.c.project_id == self.project_id)
        with self.engine.connect() as connection:
            found = connection.execute(query.where(table.c.task_id.in_(ids)))
            return {row.task_id: row.fingerprint for row in found}

    def count(self) -> int:
        """Return how many tasks there are."""
        query = select(func.count()).select_from(MIRROR_TASKS).where(MIRROR_TASKS.c.project_id == self.project_id)
        with self.engine.connect() as connection:
            return connection.execute(query).scalar_one()

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
            "kind": kind_of(annotation.value).value if annotation.value else None,
            "labels": plain(annotation.value) if annotation.value else [],
            "judged_at": annotation.judged_at,
            "origin": annotation.origin.value,
            "shown_prediction": annotation.shown_prediction,
            "lead_time": annotation.lead_time,
            "skipped": annotation.skipped,
            "ground_truth": annotation.ground_truth,
        }


def _annotation(row: Any) -> Annotation:
    return Annotation(
        id=row["annotation_id"],
        task_id=row["task_id"],
        annotator_id=row["annotator_id"],
        value=value_of(FieldKind(row["kind"]), row["labels"]) if row["kind"] else None,
        judged_at=row["judged_at"],
        origin=Origin(row["origin"]),
        shown_prediction=row["shown_prediction"],
        lead_time=row["lead_time"],
        skipped=row["skipped"],
        ground_truth=row["ground_truth"],
    )
