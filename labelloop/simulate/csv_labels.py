"""CSV and TSV files with a text and a label in each row: anybody's, and our own."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, FieldKind
from labelloop.errors import UserError
from labelloop.simulate.labelled_texts import NO_LABEL, TEXT_KEYS, Labelled, LabelledText, labelled
from labelloop.simulate.own_values import most_stars, own_kind, own_value, require_within
from labelloop.simulate.table_reader import Table, bare, read_table

_OURS = {"input_text", "task_id", "role", "label"}
_SPANS = re.compile(r"\d+-\d+ .+")
_STRUCTURED = re.compile(r"\s*[\[{].*[\]}]\s*", re.DOTALL)
AS_JSON = "export the project as JSON, or give this command the CSV as it was exported"


def read_csv(path: Path, field: str | None = None) -> Labelled:
    """Read a CSV or TSV file, see `from_table`."""
    return from_table(read_table(path), field)


def from_table(table: Table, field: str | None = None) -> Labelled:
    """Read `text` (or `input_text`), `label` and, where there is one, `split`; `field` names another label column.

    Our own files are read from their columns `labels`, `spans` and `kind`. Rows without a label are counted and passed
    over. Raises UserError if a column is missing, or a cell holds something else than a label.
    """
    text = table.column(*TEXT_KEYS)
    if _holds_lists(table) and field in (None, "label", "labels", "spans"):
        return _own(table, text)
    label = table.column(field or "label")
    _refuse_joined(table, label)
    rows, silent = [], 0
    for number, row in enumerate(table.rows, 2):
        word = bare(row[label])
        if _holds_json(word):
            raise UserError(
                f"Row {number} of {table.path} has a structure, not a label, in its column {label}: {AS_JSON}."
            )
        if word:
            rows.append(LabelledText(row[text], Choice(word), bare(row.get("split", ""))))
        silent += not word
    return labelled(Field(label, FieldKind.CHOICE, (), "text", ("text",)), rows, {NO_LABEL: silent})


def _holds_lists(table: Table) -> bool:
    if "labels" not in table.columns:
        return False
    is_ours = "input_text" in table.columns or "label" not in table.columns
    return is_ours and any(row["labels"].lstrip().startswith("[") for row in table.rows)


def _own(table: Table, text: str) -> Labelled:
    rows = [_parsed(table, number, row) for number, row in enumerate(table.rows, 2)]
    kind = own_kind(rows)
    stars = most_stars(row["labels"] for row in rows) if kind is FieldKind.RATING else 0
    found = []
    for number, row in enumerate(rows, 2):
        try:
            value = require_within(own_value(kind, row, stars=stars), row[text])
        except ValueError as error:
            raise UserError(f"Row {number} of {table.path} cannot be read ({error}): fix or remove it.") from error
        found.append(LabelledText(row[text], value, bare(row.get("split", ""))))
    labels = tuple(str(star) for star in range(1, stars + 1))
    return labelled(Field("label", kind, labels, "text", ("text",)), found)


def _parsed(table: Table, number: int, row: Mapping[str, str]) -> dict[str, Any]:
    """Return the row with its lists read: as exports write them in JSON."""
    lists: dict[str, Any] = {}
    for name in ("labels", "spans"):
        if name in table.columns:
            try:
                lists[name] = json.loads(row[name] or "[]")
            except ValueError:
                lists[name] = None
            if not isinstance(lists[name], list):
                raise UserError(
                    f"Row {number} of {table.path} has no JSON list in its column {name}: fix or remove it."
                )
    return {**row, **lists}


def _refuse_joined(table: Table, label: str) -> None:
    """Refuse files of ours that join several labels by `|`, as versions before this one wrote them."""
    if label != "label" or not set(table.columns) >= _OURS:
        return
    cells = {row[label] for row in table.rows}
    if any("|" in cell or not cell or _SPANS.fullmatch(cell) for cell in cells):
        raise UserError(
            f"{table.path} is of an earlier version, which joined several labels by `|`, so that they cannot be told "
            "from a label with `|` in it. Close another round (labelloop round close): its files have a column labels."
        )


def _holds_json(cell: str) -> bool:
    if not _STRUCTURED.fullmatch(cell):
        return False
    try:
        return isinstance(json.loads(cell), dict | list)
    except ValueError:
        return False
