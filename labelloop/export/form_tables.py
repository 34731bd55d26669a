"""A release of several fields as CSV, JSON Lines and Parquet: one row a task, see `exported_columns`."""

import json
from collections.abc import Sequence

from labelloop.domain.own_columns import own_parts
from labelloop.domain.release_row import ReleasedTask
from labelloop.export.release_tables import cell
from labelloop.stores.own_table import own_columns
from labelloop.stores.released_tasks import exported_columns, task_column
from labelloop.stores.table_files import TableSchema


def form_schema(names: Sequence[str], tasks: Sequence[ReleasedTask]) -> TableSchema[ReleasedTask]:
    """Return the columns of these tasks' release, at the end the tasks' own."""
    return TableSchema(*exported_columns(names, tasks), *own_columns(tasks, lambda task: task.own))


def form_csv(names: Sequence[str], tasks: Sequence[ReleasedTask]) -> bytes:
    """Return the CSV, written as that of one field is; a field without a label is empty."""
    return form_schema(names, tasks).csv(tasks, cell)


def form_json_lines(names: Sequence[str], tasks: Sequence[ReleasedTask]) -> bytes:
    """Return one JSON object a line; the tasks' own columns are the objects `data` and `meta`, as they were."""
    records = TableSchema(*exported_columns(names, tasks)).records(tasks)
    for record, task in zip(records, tasks, strict=True):
        record.update({task_column(part, names): own for part, own in own_parts(task.own).items()})
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def form_parquet(names: Sequence[str], tasks: Sequence[ReleasedTask]) -> bytes:
    """Return Parquet with the columns of `form_schema`."""
    return form_schema(names, tasks).parquet(tasks)
