"""Released rows as CSV, JSON Lines and Parquet: the same rows always give the same bytes."""

import io
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from labelloop.domain.release import ReleaseRow
from labelloop.domain.values import labels_of
from labelloop.stores.release_files import rows_to_frame

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


def csv_file(rows: Sequence[ReleaseRow]) -> bytes:
    r"""Return UTF-8 CSV with RFC 4180 quoting, one row a task in order of id; ids in one cell are separated by spaces.

    Several labels are joined by `|` in the column label and stand as a JSON list in the column labels.
    """
    frame = rows_to_frame(rows)[SCHEMA.names]
    # RFC 4180 line ends, which also makes the writer quote a lone carriage return inside a text.
    text: str = frame.to_csv(index=False, lineterminator="\r\n")
    return text.encode()


def json_lines(rows: Sequence[ReleaseRow]) -> bytes:
    """Return one JSON object a line, in order of task id, with true lists, numbers and booleans."""
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records(rows))


def parquet_file(rows: Sequence[ReleaseRow]) -> bytes:
    """Return Parquet with the columns of `SCHEMA`, in order of task id."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records(rows), schema=SCHEMA), buffer)
    return buffer.getvalue()


def records(rows: Sequence[ReleaseRow]) -> list[dict[str, Any]]:
    """Return the rows, in order of task id, as mappings with the columns of `SCHEMA`."""
    return [
        {
            "input_text": row.text,
            "label": str(row.value),
            "labels": sorted(labels_of(row.value)),
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
        for row in sorted(rows, key=lambda row: row.task_id)
    ]
