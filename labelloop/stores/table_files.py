"""Tables of artifacts as Parquet and CSV: a column stands once, and the same rows give the same bytes."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from labelloop.domain.value_cells import kind_of, value_json
from labelloop.domain.values import Value

Row = TypeVar("Row")
ROWS_AT_ONCE = 1000
_PLACE = [("start", pa.int64()), ("end", pa.int64()), ("label", pa.string()), ("text", pa.string())]
SPANS_TYPE = pa.list_(pa.struct(_PLACE))
"""Spans as a column holds them: `start` and `end` in code points, end exclusive, and the text between."""
REGIONS_TYPE = pa.list_(pa.struct([*_PLACE, ("value", pa.string())]))
"""What is said of regions: each as a span is held, and what is said of it, to be read."""
RELATIONS_TYPE = pa.list_(pa.struct([("from", pa.struct(_PLACE)), ("to", pa.struct(_PLACE)), ("label", pa.string())]))
"""Relations: the two regions, each as a span is held, and what the first is to the second."""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column: its name, its Arrow type, what a row has in it, and what that means."""

    name: str
    type: Any
    of: Callable[[Row], Any]
    meaning: str = ""


class TableSchema(Generic[Row]):
    """The columns of a table, in order."""

    def __init__(self, *columns: Column[Row]) -> None:
        self.columns = columns
        self.names = [column.name for column in columns]
        self.arrow = pa.schema([(column.name, column.type) for column in columns])

    def table(self, rows: Sequence[Row]) -> Any:
        """Return the rows as an Arrow table."""
        arrays = [pa.array([column.of(row) for row in rows], column.type) for column in self.columns]
        return pa.Table.from_arrays(arrays, schema=self.arrow)

    def records(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return each row as a mapping from column to value."""
        return [{column.name: column.of(row) for column in self.columns} for row in rows]

    def parquet(self, rows: Sequence[Row]) -> bytes:
        """Return the rows as a Parquet file."""
        buffer = io.BytesIO()
        pq.write_table(self.table(rows), buffer)
        return buffer.getvalue()

    def csv(self, rows: Sequence[Row], cell: Callable[[Column[Row], Any], object] = lambda _, value: value) -> bytes:
        """Return the rows as UTF-8 CSV with a head line; `cell` makes of a column's value what is written."""
        text = io.StringIO(newline="")
        # RFC 4180 line ends, which also makes the writer quote a lone carriage return inside a text.
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(self.names)
        writer.writerows([cell(column, column.of(row)) for column in self.columns] for row in rows)
        return text.getvalue().encode()


class TableWriter(Generic[Row]):
    """A Parquet file written part by part, so that memory stays flat: the same bytes in whatever parts rows come."""

    def __init__(self, schema: TableSchema[Row]) -> None:
        self._schema, self._waiting, self._buffer = schema, list[Row](), io.BytesIO()
        self._writer = pq.ParquetWriter(self._buffer, schema.arrow)

    def add(self, rows: Sequence[Row]) -> None:
        """Append some rows."""
        self._waiting += rows
        while len(self._waiting) >= ROWS_AT_ONCE:
            self._write(ROWS_AT_ONCE)

    def content(self) -> bytes:
        """Return the whole file; nothing can be added afterwards."""
        self._write(len(self._waiting))
        self._writer.close()
        return self._buffer.getvalue()

    def _write(self, n: int) -> None:
        self._writer.write_table(self._schema.table(self._waiting[:n]))
        del self._waiting[:n]


def json_cell(_: Column[Any], value: Any) -> object:
    """Return a cell as a CSV holds it: lists as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def value_columns(of: Callable[[Row], Value]) -> tuple[Column[Row], Column[Row]]:
    """Return the columns that say a row's value; `value_from_cells` reads them back."""
    kind: Column[Row] = Column("kind", pa.string(), lambda row: kind_of(of(row)).value, "the kind of the field")
    return kind, Column("value", pa.string(), lambda row: value_json(of(row)), "the whole value as JSON")


def read_rows(content: bytes) -> list[dict[str, Any]]:
    """Return a Parquet file's rows as mappings from column to value, None where a cell is empty."""
    found: list[dict[str, Any]] = _file(content).read().to_pylist()
    return found


def column_names(content: bytes) -> list[str]:
    """Return the names of a Parquet file's columns, in order."""
    return list(_file(content).schema_arrow.names)


def read_columns(content: bytes, *names: str) -> list[list[Any]]:
    """Return these columns of a Parquet file, in the order of the names; cheaper than all of it."""
    table = _file(content).read(columns=names)
    return [table.column(name).to_pylist() for name in names]


def read_in_parts(content: bytes, *names: str) -> Iterator[Mapping[str, list[Any]]]:
    """Yield these columns of a Parquet file by name, a thousand rows at a time."""
    for batch in _file(content).iter_batches(ROWS_AT_ONCE, columns=names):
        yield batch.to_pydict()


def _file(content: bytes) -> Any:
    return pq.ParquetFile(pa.BufferReader(content))
