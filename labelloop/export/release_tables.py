"""Released rows as CSV, JSON Lines and Parquet: the same rows always give the same bytes."""

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from labelloop.domain.own_columns import own_parts
from labelloop.domain.release_row import ReleaseRow
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind
from labelloop.stores.own_table import own_cell, own_columns
from labelloop.stores.release_schema import LABEL, ORIGIN, SPANS
from labelloop.stores.table_files import Column, TableSchema

_IDS = pa.list_(pa.int64())


def schema(field: Field, rows: Sequence[ReleaseRow] = ()) -> TableSchema[ReleaseRow]:
    """Return the columns of a release: of spans one more, after the labels, and at the end the tasks' own."""
    spans = SPANS.columns if field.kind is FieldKind.SPANS else ()
    return TableSchema(*LABEL.columns, *spans, *ORIGIN.columns, *own_columns(rows, lambda row: row.own))


def csv_file(field: Field, rows: Sequence[ReleaseRow]) -> bytes:
    r"""Return UTF-8 CSV with RFC 4180 quoting, one row a task in order of id; ids in one cell are separated by spaces.

    Several labels are joined by `|` in the column label; the columns labels and spans are JSON lists. Of the tasks' own
    columns a string stands as it is, anything else as JSON.
    """
    return schema(field, _ordered(rows)).csv(_ordered(rows), cell)


def json_lines(field: Field, rows: Sequence[ReleaseRow]) -> bytes:
    """Return one JSON object a line, in order of task id, with true lists, numbers and booleans.

    The tasks' own columns are the objects `data` and `meta`, as they were.
    """
    ordered = _ordered(rows)
    records = [record | own_parts(row.own) for record, row in zip(schema(field).records(ordered), ordered, strict=True)]
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def parquet_file(field: Field, rows: Sequence[ReleaseRow]) -> bytes:
    """Return Parquet with the columns of `schema`, in order of task id."""
    return schema(field, _ordered(rows)).parquet(_ordered(rows))


def _ordered(rows: Sequence[ReleaseRow]) -> list[ReleaseRow]:
    return sorted(rows, key=lambda row: row.task_id)


def cell(column: Column[Any], value: Any) -> object:
    """Return a cell as the CSV holds it: ids are separated by spaces, other lists are JSON."""
    if column.type == _IDS and value is not None:
        return " ".join(map(str, value))
    return own_cell(column, value)
