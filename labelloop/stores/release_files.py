"""A release as a table: what `release.parquet` holds, what exports are made of, and what rows are read back from."""

import io
import json
from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from labelloop.domain.release import ReleaseRow, Source
from labelloop.domain.tasks import Role
from labelloop.domain.values import FieldKind, kind_of, plain, value_of

RELEASE_FILE = "release.parquet"
_AT_ONCE = 1000

COLUMNS = {
    "input_text": "str",
    "label": "str",
    "task_id": "int64",
    "source": "str",
    "role": "str",
    "round": "int64",
    "people": "int64",
    "annotators": "str",
    "annotations": "str",
    "shown": "bool",
    "version": "str",
    "model_digest": "str",
    "raw_confidence": "float64",
    "confidence": "float64",
    "kind": "str",
    "labels": "str",
}


def rows_to_frame(rows: Sequence[ReleaseRow]) -> pd.DataFrame:
    """Return the rows as a table in order of task id: input_text and label first, then where the label came from.

    `label` is for reading (several are joined by `|`), `kind` and `labels` (JSON) say the same without loss; `people`
    is how many judged the task; several ids in one cell are separated by spaces.
    """
    ordered = sorted(rows, key=lambda row: row.task_id)
    return pd.DataFrame([_cells(row) for row in ordered], columns=list(COLUMNS)).astype(COLUMNS)


def frame_to_rows(frame: pd.DataFrame) -> list[ReleaseRow]:
    """Return the rows that `rows_to_frame` made the table of."""
    return [
        ReleaseRow(
            task_id=int(cells["task_id"]),
            text=cells["input_text"],
            value=value_of(FieldKind(cells["kind"]), json.loads(cells["labels"])),
            source=Source(cells["source"]),
            role=Role(cells["role"]),
            annotations=_ids(cells["annotations"]),
            annotators=_ids(cells["annotators"]),
            version=cells["version"],
            model_digest=cells["model_digest"],
            raw_confidence=float(cells["raw_confidence"]),
            confidence=float(cells["confidence"]),
            round_number=int(cells["round"]),
            shown=bool(cells["shown"]),
        )
        for cells in frame.to_dict("records")
    ]


def write_release(rows: Sequence[ReleaseRow]) -> bytes:
    """Return the content of `release.parquet`: the same bytes for the same rows, in whatever order they come."""
    table = ReleaseTable()
    table.add(sorted(rows, key=lambda row: row.task_id))
    return table.content()


class ReleaseTable:
    """`release.parquet`, written part by part: the same bytes for the same rows, in whatever parts they come.

    Rows must come in order of task id.
    """

    def __init__(self) -> None:
        self._buffer, self._rows = io.BytesIO(), list[ReleaseRow]()
        self._schema = pa.Schema.from_pandas(rows_to_frame([]), preserve_index=False)
        self._writer = pq.ParquetWriter(self._buffer, self._schema)

    def add(self, rows: Sequence[ReleaseRow]) -> None:
        """Append some rows."""
        self._rows += rows
        while len(self._rows) >= _AT_ONCE:
            self._write(self._rows[:_AT_ONCE])
            del self._rows[:_AT_ONCE]

    def content(self) -> bytes:
        """Return the whole file; nothing can be added afterwards."""
        self._write(self._rows)
        self._writer.close()
        return self._buffer.getvalue()

    def _write(self, rows: Sequence[ReleaseRow]) -> None:
        self._writer.write_table(pa.Table.from_pandas(rows_to_frame(rows), self._schema, preserve_index=False))


def read_release(content: bytes) -> list[ReleaseRow]:
    """Return the rows that `write_release` wrote, in order of task id."""
    return frame_to_rows(pd.read_parquet(io.BytesIO(content)))


def _cells(row: ReleaseRow) -> dict[str, object]:
    return {
        "input_text": row.text,
        "label": str(row.value),
        "task_id": row.task_id,
        "source": row.source.value,
        "role": row.role.value,
        "round": row.round_number,
        "people": len(row.annotators),
        "annotators": _joined(row.annotators),
        "annotations": _joined(row.annotations),
        "shown": row.shown,
        "version": row.version,
        "model_digest": row.model_digest,
        "raw_confidence": row.raw_confidence,
        "confidence": row.confidence,
        "kind": kind_of(row.value).value,
        "labels": json.dumps(plain(row.value), ensure_ascii=False),
    }


def _joined(ids: Sequence[int]) -> str:
    return " ".join(map(str, ids))


def _ids(cell: str) -> tuple[int, ...]:
    return tuple(map(int, cell.split()))
