"""A release of several fields as a table: one row a task, with the label and the origin of each field."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from labelloop.domain.release_row import ReleasedTask, ReleaseRow
from labelloop.domain.value_cells import region_cells, relation_cells
from labelloop.domain.values import ByRegion, Relations, Spans
from labelloop.stores.release_files import release_row
from labelloop.stores.release_schema import LABEL, ORIGIN, OWN, RELEASE, SPANS
from labelloop.stores.table_files import (
    REGIONS_TYPE,
    RELATIONS_TYPE,
    Column,
    TableSchema,
    column_names,
    read_rows,
    value_columns,
)

_OF_TASK = ("task_id", "role")
_REGIONS = "what is said of each region, as a list of `start`, `end`, `label`, `text` and `value` (in CSV as JSON)"
_RELATIONS = (
    "the relations, as a list of `from` and `to` (regions with `start`, `end`, `label` and `text`) and `label` "
    "(in CSV as JSON)"
)
_COUNTED = ("people", "annotators", "annotations", "shown")
_VALUES: tuple[Column[ReleaseRow], ...] = value_columns(lambda row: row.value)
_KIND, _VALUE = _VALUES


def stored_schema(names: Sequence[str]) -> TableSchema[ReleasedTask]:
    """Return the columns of the release's own file, from which `read_released_tasks` reads it back."""
    return TableSchema(
        *_first(names),
        *(column for name in names for column in _lossless(name, _COUNTED)),
        *(_of(name, _VALUE) for name in names),
        *_task_columns(names, *_OF_TASK),
        Column(task_column(OWN.name, names), OWN.type, lambda task: task.own, OWN.meaning),
    )


def exported_columns(names: Sequence[str], tasks: Sequence[ReleasedTask]) -> list[Column[ReleasedTask]]:
    """Return the columns of an export: `input_text,<field>,<field>…`, each field without loss, then the task's origin.

    Of the columns that say more of a field those are left out in which none of the tasks has anything.
    """
    of_fields = [column for name in names for column in _lossless(name)]
    return [
        *_first(names),
        *(column for column in of_fields if any(column.of(task) not in (None, "") for task in tasks)),
        *_task_columns(names, *_OF_TASK, *_COUNTED),
    ]


def released_fields(content: bytes) -> tuple[str, ...]:
    """Return the fields of a release's file in their order; none where it is of a single field, see `read_release`."""
    names = column_names(content)
    return tuple(name for name in names if f"{name}.{_VALUE.name}" in names)


def read_released_tasks(content: bytes, names: Sequence[str]) -> list[ReleasedTask]:
    """Return the tasks of a release of these fields, in order of task id."""
    return [_task(cells, names) for cells in read_rows(content)]


def _first(names: Sequence[str]) -> Iterator[Column[ReleasedTask]]:
    text = LABEL.columns[0]
    yield Column(task_column(text.name, names), text.type, lambda task: task.text, text.meaning)
    for name in names:
        yield _of(name, LABEL.columns[1], called=name)


def _lossless(name: str, more: Sequence[str] = ()) -> Iterator[Column[ReleasedTask]]:
    """Yield the columns that say a field's label and origin without loss; `more` of those that the task has as well."""

    def spans(task: ReleasedTask) -> Any:
        row = task.labels.get(name)
        return SPANS.columns[0].of(row) if row and isinstance(row.value, Spans) else None

    def regions(task: ReleasedTask) -> Any:
        row = task.labels.get(name)
        return region_cells(row.value, row.text) if row and isinstance(row.value, ByRegion) else None

    def relations(task: ReleasedTask) -> Any:
        row = task.labels.get(name)
        return relation_cells(row.value, row.text) if row and isinstance(row.value, Relations) else None

    def text(task: ReleasedTask) -> str | None:
        row = task.labels.get(name)
        return row.text if row and row.text != task.text else None

    of_task = {*_OF_TASK, *_COUNTED} - {*more}
    yield _of(name, LABEL.columns[2])
    yield Column(f"{name}.spans", SPANS.columns[0].type, spans, SPANS.columns[0].meaning)
    yield Column(f"{name}.regions", REGIONS_TYPE, regions, _REGIONS)
    yield Column(f"{name}.relations", RELATIONS_TYPE, relations, _RELATIONS)
    yield _of(name, _KIND)
    yield from (_of(name, column) for column in ORIGIN.columns if column.name not in of_task)
    yield Column(f"{name}.input_text", pa.string(), text, "what the field reads of the text, where that is not all")
    yield Column(f"{name}.missing", pa.string(), lambda task: task.missing.get(name), "why there is no label, if so")


def _of(name: str, column: Column[ReleaseRow], *, called: str = "") -> Column[ReleasedTask]:
    def cell(task: ReleasedTask) -> Any:
        row = task.labels.get(name)
        return None if row is None else column.of(row)

    return Column(called or f"{name}.{column.name}", column.type, cell, column.meaning)


def _task_columns(names: Sequence[str], *wanted: str) -> Iterator[Column[ReleasedTask]]:
    of: Mapping[str, Any] = {
        "task_id": lambda task: task.task_id,
        "role": lambda task: task.role.value,
        "people": lambda task: len(task.annotators),
        "annotators": lambda task: list(task.annotators),
        "annotations": lambda task: list(task.annotations),
        "shown": lambda task: task.shown,
    }
    for column in ORIGIN.columns:
        if column.name in wanted:
            yield Column(task_column(column.name, names), column.type, of[column.name], column.meaning)


def task_column(name: str, fields: Sequence[str]) -> str:
    """Return how a column about the task is called: one that a field is called like gets `task.` before it."""
    return f"task.{name}" if name in fields else name


def _task(cells: Mapping[str, Any], names: Sequence[str]) -> ReleasedTask:
    text, task_id, role, own = (cells[task_column(name, names)] for name in ("input_text", *_OF_TASK, OWN.name))
    labels = dict[str, ReleaseRow]()
    missing = dict[str, str]()
    for name in names:
        said = {column.name: cells.get(f"{name}.{column.name}") for column in RELEASE.columns}
        if said[_KIND.name] is None:
            missing[name] = cells[f"{name}.missing"]
        else:
            of_task = {"input_text": said["input_text"] or text, "task_id": task_id, "role": role, "own": own}
            labels[name] = release_row(said | of_task)
    return ReleasedTask(task_id, text, labels, missing)
