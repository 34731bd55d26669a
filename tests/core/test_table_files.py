"""Tables of artifacts: what is written is read back, and the same rows give the same bytes."""

import csv
import io
import random

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from labelloop.stores.table_files import (
    Column,
    TableSchema,
    TableWriter,
    read_columns,
    read_in_parts,
    read_rows,
)

Row = tuple[int, str | None]
SCHEMA = TableSchema[Row](
    Column("id", pa.int64(), lambda row: row[0]),
    Column("text", pa.string(), lambda row: row[1]),
)
ROWS: list[Row] = [(1, "a 🙂, b"), (2, None), (3, 'a lone\rreturn, "quoted"')]


def test_rows_come_back_as_they_were() -> None:
    """Whole, or some columns, or a part at a time; an empty cell is None, and no rows are no rows."""
    content = SCHEMA.parquet(ROWS)
    assert read_rows(content) == SCHEMA.records(ROWS)
    assert read_columns(content, "text", "id") == [[text for _, text in ROWS], [1, 2, 3]]
    assert list(read_in_parts(content, "id")) == [{"id": [1, 2, 3]}]
    assert read_rows(SCHEMA.parquet([])) == []
    assert pq.read_schema(io.BytesIO(SCHEMA.parquet([]))) == pq.read_schema(io.BytesIO(content))


def test_a_table_written_in_parts_has_the_same_bytes_whatever_the_parts() -> None:
    """An interrupted release goes on with other parts and gives the same file."""
    rows: list[Row] = [(number, str(number)) for number in range(2500)]
    files = set()
    for seed in range(3):
        writer, left = TableWriter(SCHEMA), list(rows)
        while left:
            n = random.Random(seed).randint(1, 1700)
            writer.add(left[:n])
            del left[:n]
        files.add(writer.content())
    (content,) = files
    assert read_rows(content) == SCHEMA.records(rows)
    assert [len(part["id"]) for part in read_in_parts(content, "id")] == [1000, 1000, 500]


def test_csv_keeps_every_character() -> None:
    """Line ends and quotes inside a text do not break a row."""
    lines = list(csv.reader(io.StringIO(SCHEMA.csv(ROWS).decode(), newline="")))
    assert lines == [["id", "text"], ["1", "a 🙂, b"], ["2", ""], ["3", 'a lone\rreturn, "quoted"']]


def test_tables_that_pandas_wrote_are_read() -> None:
    """As all tables of 0.1.0 were, with empty cells of every type."""
    frame = pd.DataFrame(
        {"id": [1, 2], "share": [0.5, float("nan")], "number": pd.array([None, 2**40], dtype="Int64")}
    ).astype({"share": "Float64"})
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    assert read_rows(buffer.getvalue()) == [
        {"id": 1, "share": 0.5, "number": None},
        {"id": 2, "share": None, "number": 2**40},
    ]
