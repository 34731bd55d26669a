"""Released rows as CSV, JSON Lines and Parquet: the same rows always give the same bytes."""

import io
import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from labelloop.domain.release import ReleaseRow
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Spans, labels_of

SCHEMA = pa.schema(
    [
        ("input_text", pa.string()),
        ("label", pa.string()),
        ("labels", pa.list_(pa.string())),
        ("task_id", pa.int64()),
        ("source", pa.string()),
        ("role", pa.string()),
        ("round", pa.int64()),
        ("people", pa.int64()),
        ("annotators", pa.list_(pa.int64())),
        ("annotations", pa.list_(pa.int64())),
        ("shown", pa.bool_()),
        ("version", pa.string()),
        ("model_digest", pa.string()),
        ("raw_confidence", pa.float64()),
        ("confidence", pa.float64()),
    ]
)

SPANS = pa.field(
    "spans",
    pa.list_(pa.struct([("start", pa.int64()), ("end", pa.int64()), ("label", pa.string()), ("text", pa.string())])),
)
_IDS = ("annotators", "annotations")
_JSON = ("labels", "spans")


def schema(field: Field) -> pa.Schema:
    """Return the columns of a release of the field: spans have one more, after the labels."""
    return SCHEMA.insert(SCHEMA.get_field_index("labels") + 1, SPANS) if field.kind is FieldKind.SPANS else SCHEMA


def csv_file(field: Field, rows: Sequence[ReleaseRow]) -> bytes:
    r"""Return UTF-8 CSV with RFC 4180 quoting, one row a task in order of id; ids in one cell are separated by spaces.

    Several labels are joined by `|` in the column label; the columns labels and spans are JSON lists.
    """
    names = schema(field).names
    cells = [{name: _cell(name, record[name]) for name in names} for record in records(field, rows)]
    # RFC 4180 line ends, which also makes the writer quote a lone carriage return inside a text.
    text: str = pd.DataFrame(cells, columns=names).to_csv(index=False, lineterminator="\r\n")
    return text.encode()


def json_lines(field: Field, rows: Sequence[ReleaseRow]) -> bytes:
    """Return one JSON object a line, in order of task id, with true lists, numbers and booleans."""
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records(field, rows))


def parquet_file(field: Field, rows: Sequence[ReleaseRow]) -> bytes:
    """Return Parquet with the columns of `schema`, in order of task id."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records(field, rows), schema=schema(field)), buffer)
    return buffer.getvalue()


def records(field: Field, rows: Sequence[ReleaseRow]) -> list[dict[str, Any]]:
    """Return the rows, in order of task id, as mappings with the columns of `schema`."""
    names = schema(field).names
    ordered = [_record(row) for row in sorted(rows, key=lambda row: row.task_id)]
    return [{name: record[name] for name in names} for record in ordered]


def _record(row: ReleaseRow) -> dict[str, Any]:
    return {
        "input_text": row.text,
        "label": str(row.value),
        "labels": sorted(labels_of(row.value)),
        "spans": _spans(row),
        "task_id": row.task_id,
        "source": row.source.value,
        "role": row.role.value,
        "round": row.round_number,
        "people": len(row.annotators),
        "annotators": list(row.annotators),
        "annotations": list(row.annotations),
        "shown": row.shown,
        "version": row.version,
        "model_digest": row.model_digest,
        "raw_confidence": row.raw_confidence,
        "confidence": row.confidence,
    }


def _spans(row: ReleaseRow) -> list[dict[str, Any]]:
    given = sorted(row.value.spans) if isinstance(row.value, Spans) else []
    return [
        {"start": span.start, "end": span.end, "label": span.label, "text": row.text[span.start : span.end]}
        for span in given
    ]


def _cell(name: str, value: Any) -> Any:
    if name in _IDS:
        return " ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if name in _JSON else value
