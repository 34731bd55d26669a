"""The head of a queue as a file: which tasks were published, in which order, and what was shown on them."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from labelloop.domain.predictions import Prediction
from labelloop.domain.queue import QueueItem
from labelloop.stores.table_files import Column, TableSchema, read_rows

QUEUE_FILE = "queue.parquet"


def write_queue(items: Sequence[QueueItem], put_back: Mapping[int, int], fields: Sequence[str]) -> bytes:
    """Return the content of `queue.parquet`; its column `value` is for reading.

    Several fields have a column each, by their names, with `<field>.confidence` beside it.
    """
    several = len(fields) > 1
    said = [_said(name, *((name, f"{name}.confidence") if several else ("value", "confidence"))) for name in fields]
    schema = TableSchema[QueueItem](
        Column("task_id", pa.int64(), lambda item: item.task_id),
        Column("score", pa.float64(), lambda item: item.score),
        *(column for columns in said for column in columns),
        Column("put_back", pa.int64(), lambda item: put_back.get(item.task_id, 0)),
    )
    return schema.parquet(items)


def _said(field: str, value: str, confidence: str) -> tuple[Column[QueueItem], Column[QueueItem]]:
    def found(item: QueueItem) -> Prediction | None:
        return item.predictions.get(field)

    return (
        Column(value, pa.string(), lambda item: str(one.value) if (one := found(item)) else ""),
        Column(confidence, pa.float64(), lambda item: one.confidence if (one := found(item)) else None),
    )


def read_queue_rows(content: bytes) -> tuple[tuple[int, ...], dict[int, int]]:
    """Return the tasks of a `queue.parquet` in their order and, of those put back, by how many people in all."""
    rows = sorted(read_rows(content), key=lambda row: row["score"])
    # before labels could be put back there was no such column
    put_back = {row["task_id"]: row["put_back"] for row in rows if row.get("put_back")}
    return tuple(row["task_id"] for row in rows), put_back
