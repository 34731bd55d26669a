"""A round as files: what people open in a spreadsheet, and what a round is read back from."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import pyarrow as pa

from labelloop.domain.consensus import settle
from labelloop.domain.rounds import AnnotatedTask, Round
from labelloop.domain.tasks import Annotation, Role, Task
from labelloop.domain.value_cells import annotation_from_cells, kind_of, span_cells, value_from_json, value_json
from labelloop.domain.values import FieldKind, Spans, Value, labels_of
from labelloop.errors import BrokenPromise
from labelloop.stores.judgement_files import JUDGEMENTS
from labelloop.stores.own_table import own_cell, own_columns
from labelloop.stores.table_files import (
    SPANS_TYPE,
    Column,
    TableSchema,
    read_columns,
    read_rows,
    value_columns,
)

_ADJUDICATED = "adjudicated"


def round_files(closed: Round, before: Round | None, own: Mapping[int, str] | None = None) -> dict[str, bytes]:
    """Return the round's files by name; where `own` is given (see `own_json`), with the tasks' own columns at the end.

    `judgements.parquet` is the whole snapshot; `data_labeled_<n>.csv` and `.parquet` hold the labels settled since the
    round before (columns input_text, label, what holds the label without loss, then provenance); `training_set.csv` and
    `.parquet` those of all rounds so far, without any audit task.
    """
    known = {t.task.id: t.label for t in before.tasks} if before else {}
    settled = [t for t in closed.tasks if t.label is not None]
    new = [t for t in settled if known.get(t.task.id) != t.label]
    return {
        JUDGEMENTS: judgements_table(closed),
        **_settled_files(f"data_labeled_{closed.number}", new, closed.number, own),
        **_settled_files("training_set", list(closed.training), closed.number, own),
    }


def judgements_table(closed: Round) -> bytes:
    """Return the content of a judgements file: every annotation of the round.

    Only where the lead has decided on a label there is a column `adjudicated`, with it in each row of its task.
    """
    rows = [_Row(task, one, one.value) for task in closed.tasks for one in task.annotations if one.value is not None]
    decided = any(task.adjudicated is not None for task in closed.tasks)
    return (_WITH_DECISIONS if decided else _SNAPSHOT).parquet(rows)


def read_round(number: int, content: bytes) -> Round:
    """Return the round that `judgements_table` wrote."""
    tasks = []
    for task_id, group in groupby(read_rows(content), key=lambda row: int(row["task_id"])):
        rows = list(group)
        annotations = tuple(map(annotation_from_cells, rows))
        task = Task(task_id, rows[0]["text"])
        decided = rows[0].get(_ADJUDICATED)
        label = value_from_json(FieldKind(rows[0]["kind"]), decided) if decided else None
        tasks.append(AnnotatedTask(task, Role(rows[0]["role"]), annotations, settle(annotations), label))
    return Round(number, tuple(tasks))


def judged_once(content: bytes) -> frozenset[int]:
    """Return the TRAIN tasks that a single annotator had judged, whose label so had settled; cheaper than the round."""
    ids, roles = read_columns(content, "task_id", "role")
    times, train = Counter(ids), {id_ for id_, role in zip(ids, roles, strict=True) if role == Role.TRAIN}
    return frozenset(id_ for id_ in train if times[id_] == 1)


def origins_of(task: AnnotatedTask) -> list[str]:
    """Return how each annotation of a task came about, and at the end `adjudicated` where the lead chose its label."""
    return [*(a.origin.value for a in task.annotations), *((_ADJUDICATED,) if task.adjudicated is not None else ())]


def _settled_files(
    name: str, tasks: list[AnnotatedTask], number: int, own: Mapping[int, str] | None
) -> dict[str, bytes]:
    schema = TableSchema[AnnotatedTask](
        Column("input_text", pa.string(), lambda one: one.task.text),
        Column("label", pa.string(), lambda one: str(one.label)),
        *_lossless(tasks),
        Column("task_id", pa.int64(), lambda one: one.task.id),
        Column("role", pa.string(), lambda one: one.role.value),
        Column("round", pa.int64(), lambda _: number),
        Column("people", pa.int64(), lambda one: len(one.annotations)),
        Column("annotators", pa.string(), lambda one: _joined(a.annotator_id for a in one.annotations)),
        Column("annotations", pa.string(), lambda one: _joined(a.id for a in one.annotations)),
        Column("origins", pa.string(), lambda one: _joined(origins_of(one))),
        Column("shown_predictions", pa.string(), lambda one: _joined(_shown(one))),
        Column("settled_at", pa.string(), lambda one: one.consensus.settled_at.isoformat()),
        *(own_columns(tasks, lambda one: own.get(one.task.id, "")) if own else ()),
    )
    return {f"{name}.csv": schema.csv(tasks, own_cell), f"{name}.parquet": schema.parquet(tasks)}


def _value(task: AnnotatedTask) -> Value:
    if task.label is None:
        raise BrokenPromise(f"Task {task.task.id} has not settled.")
    return task.label


def _lossless(tasks: Sequence[AnnotatedTask]) -> Iterator[Column[AnnotatedTask]]:
    """Yield what holds a label without loss: the column `label` joins several by `|`, which a label may have in it."""
    yield Column("labels", pa.list_(pa.string()), lambda one: sorted(labels_of(_value(one))))
    if any(isinstance(_value(one), Spans) for one in tasks):
        yield Column("spans", SPANS_TYPE, lambda one: span_cells(_value(one), one.task.text))
    yield Column("kind", pa.string(), lambda one: kind_of(_value(one)).value)


def _shown(task: AnnotatedTask) -> list[int]:
    return [a.shown_prediction for a in task.annotations if a.shown_prediction is not None]


def _joined(parts: Iterable[object]) -> str:
    return " ".join(map(str, parts))


class _Row(NamedTuple):
    task: AnnotatedTask
    given: Annotation
    value: Value


_SNAPSHOT = TableSchema[_Row](
    Column("task_id", pa.int64(), lambda row: row.task.task.id),
    Column("text", pa.string(), lambda row: row.task.task.text),
    Column("role", pa.string(), lambda row: row.task.role.value),
    Column("annotation_id", pa.int64(), lambda row: row.given.id),
    Column("annotator_id", pa.int64(), lambda row: row.given.annotator_id),
    *value_columns(lambda row: row.value),
    Column("judged_at", pa.timestamp("us", "UTC"), lambda row: row.given.judged_at),
    Column("origin", pa.string(), lambda row: row.given.origin.value),
    Column("shown_prediction", pa.int64(), lambda row: row.given.shown_prediction),
    Column("lead_time", pa.float64(), lambda row: row.given.lead_time),
    Column("ground_truth", pa.bool_(), lambda row: row.given.ground_truth),
)
_WITH_DECISIONS = TableSchema[_Row](
    *_SNAPSHOT.columns,
    Column(_ADJUDICATED, pa.string(), lambda row: _decided(row.task)),
)


def _decided(task: AnnotatedTask) -> str | None:
    return None if task.adjudicated is None else value_json(task.adjudicated)
