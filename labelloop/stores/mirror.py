"""The mirror: tasks and annotations as Label Studio last showed them; it may be dropped and pulled again."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, literal, select

from labelloop.domain.field_texts import text_for
from labelloop.domain.gold_record import GoldTask
from labelloop.domain.schema import Field, Input
from labelloop.domain.tasks import Annotation, Task, TaskState, with_kept_origin
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.value_cells import annotation_cells, annotation_from_cells, value_from_json
from labelloop.domain.values import FieldKind, Value
from labelloop.stores.ledger_tables import FACTS, MIRROR_ANNOTATIONS, MIRROR_CURSORS, MIRROR_TASKS

BATCH = 500
_AT_ONCE = 10_000
"""How many ids one query may name."""
_GOLD = FACTS[GoldTask]
_IS_CHECK = (
    select(literal(1))
    .where(*(_GOLD.c[name] == MIRROR_ANNOTATIONS.c[name] for name in ("project_id", "task_id")))
    .where(MIRROR_ANNOTATIONS.c.annotation_id > _GOLD.c.last_annotation)
    .exists()
)
"""Whether an annotation was made after its task was put back to check people."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many tasks and annotations there are."""

    tasks: int = 0
    annotations: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.tasks + other.tasks, self.annotations + other.annotations)

    def __sub__(self, other: "Counts") -> "Counts":
        return Counts(self.tasks - other.tasks, self.annotations - other.annotations)

    def is_between(self, one: "Counts", other: "Counts") -> bool:
        """Return whether both numbers lie between those of two others, ends included.

        >>> Counts(10, 5).is_between(Counts(10, 6), Counts(10, 4))
        True
        """
        tasks, annotations = sorted((one.tasks, other.tasks)), sorted((one.annotations, other.annotations))
        return tasks[0] <= self.tasks <= tasks[1] and annotations[0] <= self.annotations <= annotations[1]


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to when changes were taken in, and how much Label Studio counted beyond what could be read of it then."""

    since: datetime
    unread: Counts = Counts()


class Mirror:
    """One project's mirror: of all that its fields read and annotations say, or of one field's part of that.

    With a `field`, and the `inputs` that its project's tasks are read by, tasks have the text that the field reads, and
    annotations, values and reasons are those of the field, without check answers: see `check_answers`. Without one
    tasks have the text of all inputs, and annotations what they say of the first field.
    """

    def __init__(
        self, engine: Engine, project_id: int, field: Field | None = None, inputs: tuple[Input, ...] = ()
    ) -> None:
        self.engine, self.project_id = engine, project_id
        self._field, self._inputs = field, inputs

    def put(self, states: Sequence[TaskState]) -> None:
        """Take over these tasks as they now stand, with all their annotations; doing it twice changes nothing.

        What is known of the pre-annotations that annotations started from is kept, see `with_kept_origin`.
        """
        for start in range(0, len(states), BATCH):
            batch = {state.task.id: state for state in states[start : start + BATCH]}
            known = self._known(list(batch))
            with self.engine.begin() as connection:
                self._delete(connection, batch)
                connection.execute(insert(MIRROR_TASKS), [self._task_row(state) for state in batch.values()])
                rows = [row for state in batch.values() for row in self._annotation_rows(state, known)]
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
        field, inputs = self._field, self._inputs
        texts = self._of_tasks(MIRROR_TASKS.c.text, ids).items()
        return {id_: Task(id_, text_for(field, inputs, text) if field else text) for id_, text in texts}

    def own(self, ids: Sequence[int]) -> dict[int, str]:
        """Return what each of these tasks was imported with, see `own_json`; empty where that is not known."""
        return {id_: own or "" for id_, own in self._of_tasks(MIRROR_TASKS.c.own, ids).items()}

    def fingerprints(self, ids: Sequence[int] | None = None) -> dict[int, str]:
        """Return the fingerprints of all tasks' texts, or of those of these ids that there are."""
        return self._of_tasks(MIRROR_TASKS.c.fingerprint, ids)

    def task_ids(self) -> set[int]:
        """Return the ids of all tasks."""
        query = select(MIRROR_TASKS.c.task_id).where(MIRROR_TASKS.c.project_id == self.project_id)
        with self.engine.connect() as connection:
            return set(connection.execute(query).scalars())

    def counts(self) -> Counts:
        """Return how many tasks there are, and how many annotations, those that were left out included."""
        tasks, annotations = MIRROR_TASKS.c, MIRROR_ANNOTATIONS.c
        mine = select(func.count()).where(annotations.project_id == self.project_id, annotations.place == 0)
        query = select(func.count(), func.coalesce(func.sum(tasks.left_out), 0) + mine.scalar_subquery())
        with self.engine.connect() as connection:
            found = connection.execute(query.where(tasks.project_id == self.project_id)).one()
        return Counts(*map(int, found))

    def stamps(self, ids: Sequence[int] | None = None) -> dict[int, datetime]:
        """Return when all tasks, or those of these ids that there are, last changed, as far as it was taken in."""
        return self._of_tasks(MIRROR_TASKS.c.updated_at, ids)

    def unreadable(self) -> dict[int, str]:
        """Return the tasks about which the labelling tool's answers cannot be read, each with the reason."""
        table = MIRROR_TASKS.c
        query = select(table.task_id, table.unreadable).where(table.project_id == self.project_id)
        query = query.where(table.unreadable.is_not(None), table.unreadable != "").order_by(table.task_id)
        with self.engine.connect() as connection:
            return {row.task_id: row.unreadable for row in connection.execute(query)}

    def unanswered(self) -> dict[Unanswered, tuple[int, ...]]:
        """Return the task of each annotation without an answer, by reason; skipped ones are left out."""
        table = MIRROR_ANNOTATIONS.c
        query = select(table.unanswered, table.task_id).where(*self._seen())
        found: dict[Unanswered, list[int]] = {}
        with self.engine.connect() as connection:
            for reason, task_id in connection.execute(query.where(table.unanswered != Unanswered.SKIPPED.value)):
                found.setdefault(Unanswered(reason), []).append(task_id)
        return {reason: tuple(sorted(ids)) for reason, ids in found.items()}

    def values(self) -> list[tuple[Value, int]]:
        """Return each value that annotations have, and how many have it."""
        table = MIRROR_ANNOTATIONS.c
        query = select(table.kind, table.value, func.count()).where(*self._seen())
        query = query.where(table.kind.is_not(None)).group_by(table.kind, table.value)
        with self.engine.connect() as connection:
            return [(value_from_json(FieldKind(kind), text), n) for kind, text, n in connection.execute(query)]

    def annotations(self, ids: Sequence[int] | None = None) -> list[Annotation]:
        """Return all annotations, or those of these tasks, skipped ones included, in order of id."""
        return self._annotations(self._seen(), ids)

    def check_answers(self) -> list[Annotation]:
        """Return what people said of the field on gold tasks after these were put back, in order of id."""
        return self._annotations((*self._of_field(), _IS_CHECK), None)

    def annotations_of_all_fields(self, ids: Sequence[int]) -> list[Annotation]:
        """Return what the annotations of these tasks say of every field, each field's answer by itself."""
        return self._annotations((MIRROR_ANNOTATIONS.c.project_id == self.project_id,), ids)

    def cursor(self, reading: str = "") -> Cursor | None:
        """Return how far changes were taken in under this reading, or under the last one; None before the first pull.

        A reading names how tasks are read (field, kind and inputs); another reading starts from the beginning.
        """
        table = MIRROR_CURSORS
        query = select(table).where(table.c.project_id == self.project_id)
        query = query.where(table.c.reading == reading) if reading else query
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        return Cursor(row.since, Counts(row.unread_tasks, row.unread_annotations)) if row else None

    def move(self, reading: str, cursor: Cursor) -> None:
        """Remember how far changes were taken in under this reading."""
        row = {
            "project_id": self.project_id,
            "since": cursor.since,
            "reading": reading,
            "unread_tasks": cursor.unread.tasks,
            "unread_annotations": cursor.unread.annotations,
        }
        with self.engine.begin() as connection:
            connection.execute(self._mine(MIRROR_CURSORS))
            connection.execute(insert(MIRROR_CURSORS), [row])

    def _seen(self) -> tuple[Any, ...]:
        table = MIRROR_ANNOTATIONS.c
        mine = table.project_id == self.project_id
        return (mine, table.place == 0) if self._field is None else (*self._of_field(), ~_IS_CHECK)

    def _of_field(self) -> tuple[Any, ...]:
        table, name = MIRROR_ANNOTATIONS.c, self._field.name if self._field else ""
        return table.project_id == self.project_id, table.field.in_(("", name))

    def _known(self, task_ids: list[int]) -> dict[tuple[int, str], Annotation]:
        return {(one.id, one.field): one for one in self.annotations_of_all_fields(task_ids)}

    def _annotations(self, where: tuple[Any, ...], ids: Sequence[int] | None) -> list[Annotation]:
        table = MIRROR_ANNOTATIONS.c
        query = select(MIRROR_ANNOTATIONS).where(*where).order_by(table.annotation_id)
        rows = self._rows(query, table.task_id, ids)
        return sorted((annotation_from_cells(row._mapping) for row in rows), key=lambda annotation: annotation.id)

    def _of_tasks(self, column: Any, ids: Sequence[int] | None) -> dict[int, Any]:
        table = MIRROR_TASKS
        query = select(table.c.task_id, column).where(table.c.project_id == self.project_id).order_by(table.c.task_id)
        return dict(self._rows(query, table.c.task_id, ids))

    def _rows(self, query: Any, column: Any, ids: Sequence[int] | None) -> Iterator[Any]:
        with self.engine.connect() as connection:
            if ids is None:
                yield from connection.execute(query)
                return
            wanted = sorted(ids)
            for start in range(0, len(wanted), _AT_ONCE):
                yield from connection.execute(query.where(column.in_(wanted[start : start + _AT_ONCE])))

    def _mine(self, table: Any) -> Any:
        return delete(table).where(table.c.project_id == self.project_id)

    def _delete(self, connection: Connection, task_ids: Collection[int]) -> None:
        for table in (MIRROR_TASKS, MIRROR_ANNOTATIONS):
            connection.execute(self._mine(table).where(table.c.task_id.in_(list(task_ids))))

    def _delete_annotations(self, connection: Connection, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), BATCH):
            some = MIRROR_ANNOTATIONS.c.annotation_id.in_(ids[start : start + BATCH])
            connection.execute(self._mine(MIRROR_ANNOTATIONS).where(some))

    def _annotation_rows(self, state: TaskState, known: dict[tuple[int, str], Annotation]) -> Iterator[dict[str, Any]]:
        for _, answers in groupby(sorted(state.annotations, key=lambda one: one.id), key=lambda one: one.id):
            for place, one in enumerate(answers):
                before = known.get((one.id, one.field)) or known.get((one.id, ""))
                cells = annotation_cells(with_kept_origin(one, before))
                yield {"project_id": self.project_id, "place": place, **cells}

    def _task_row(self, state: TaskState) -> dict[str, Any]:
        task = state.task
        return {
            "project_id": self.project_id,
            "task_id": task.id,
            "text": task.text,
            "fingerprint": task.fingerprint,
            "updated_at": state.updated_at,
            "left_out": state.left_out,
            "own": state.own,
            "unreadable": state.unreadable or None,
        }
