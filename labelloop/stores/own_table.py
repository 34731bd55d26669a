"""Tasks' own columns in tables: the type of each follows from what is in it."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import pyarrow as pa

from labelloop.domain.own_columns import KINDS, own_cells, own_names, own_text
from labelloop.stores.table_files import Column, json_cell

Row = TypeVar("Row")
_LARGEST = 2**63
_cells = lru_cache(maxsize=8)(own_cells)  # a row's columns are asked for one after another


def own_columns(rows: Sequence[Row], own: Callable[[Row], str]) -> list[Column[Row]]:
    """Return a column for each key of the rows' data and meta.

    Strings, integers, numbers and booleans keep their type where a column has nothing else; in any other every value
    but a string is JSON. A key that a row lacks is empty.
    """
    found: dict[str, list[Any]] = {name: [] for name in own_names(map(own, rows))}
    for row in rows:
        for name, value in own_cells(own(row)).items():
            found[name].append(value)
    return [_column(name, values, own) for name, values in found.items()]


def _column(name: str, values: Sequence[Any], own: Callable[[Row], str]) -> Column[Row]:
    kind, key = name.split(".", 1)
    type_ = next(_types(values))

    def cell(row: Row) -> Any:
        cells = _cells(own(row))
        if name not in cells:
            return None
        return own_text(cells[name]) if type_ == pa.string() else cells[name]

    return Column(name, type_, cell, f"`{key}` of the task's `{kind}`, as it stood in Label Studio")


def _types(values: Sequence[Any]) -> Iterator[Any]:
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        yield pa.bool_()
    if kinds == {int} and all(-_LARGEST <= value < _LARGEST for value in values):
        yield pa.int64()
    if kinds == {float}:
        yield pa.float64()
    yield pa.string()


def own_cell(column: Column[Any], value: Any) -> object:
    """Return a cell as a CSV holds it: lists as JSON, and of the tasks' own columns all but strings."""
    if value is not None and column.name.partition(".")[0] in KINDS:
        return own_text(value)
    return json_cell(column, value)
