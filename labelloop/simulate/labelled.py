"""A file of texts that are labelled already, to be labelled once more as if nobody had."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, Choices, FieldKind, Span, Spans, Value, labels_of
from labelloop.errors import UserError

TEST = "test"
TEXT_KEYS = ("text", "input_text")
_KEYS = {"label": FieldKind.CHOICE, "labels": FieldKind.CHOICES, "spans": FieldKind.SPANS}


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text, what people said of it, and the part of the file it belongs to: `test`, another word, or none given."""

    text: str
    value: Value
    split: str = ""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled file: its field, whose labels are those that occur, and its rows in the file's order."""

    field: Field
    rows: tuple[LabelledText, ...]


def labelled(field: Field, rows: Iterable[LabelledText]) -> Labelled:
    """Return the rows that have a text; a field without labels gets those that occur. Raises UserError without rows."""
    kept = tuple(row for row in rows if row.text.strip())
    if not kept:
        raise UserError("The file holds no labelled text: see docs/simulate.md for the forms that can be read.")
    labels = field.labels or tuple(sorted({label for row in kept for label in labels_of(row.value)}))
    return Labelled(replace(field, labels=labels), kept)


def read_csv(path: Path, field: str | None = None) -> Labelled:
    """Read `text` (or `input_text`), `label` and, where there is one, `split`; `field` names another label column.

    Rows without a label are passed over. Raises UserError if the file cannot be read or a column is missing.
    """
    label = field or "label"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            text = _first(TEXT_KEYS, reader.fieldnames or (), path)
            _first((label,), reader.fieldnames or (), path)
            rows = [
                LabelledText(row[text] or "", Choice(row[label].strip()), (row.get("split") or "").strip())
                for row in reader
                if (row[label] or "").strip()
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(path, error) from error
    return labelled(_field(label, FieldKind.CHOICE), rows)


def read_jsonl(path: Path, field: str | None = None) -> Labelled:
    """Read one object a line: `text`, one of `label`, `labels` and `spans`, and `split` where there is one.

    `labels` is a list of words, `spans` of objects with `start`, `end` (code points, end exclusive) and `label`.
    `field` says which of the three is meant. Lines without it are passed over. Raises UserError naming the first line
    that cannot be read.
    """
    lines = list(_objects(path))
    known = [key for _, line in lines for key in line]
    key = _first((field,) if field else tuple(_KEYS), known, path)
    kind = _KEYS.get(key, FieldKind.CHOICE)
    text = _first(TEXT_KEYS, known, path)
    rows = []
    for number, line in lines:
        if line.get(key) is None:
            continue
        try:
            value = _value(kind, line[key], str(line[text]))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"Line {number} of {path} cannot be read ({error}): mend or remove it.") from error
        rows.append(LabelledText(str(line[text]), value, str(line.get("split") or "")))
    return labelled(_field(key, kind), rows)


def _field(name: str, kind: FieldKind) -> Field:
    return Field(name, kind, (), "text", ("text",))


def _objects(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found = json.loads(line)
            except ValueError as error:
                raise UserError(f"Line {number} of {path} is no JSON: {error}.") from error
            if not isinstance(found, dict):
                raise UserError(f"Line {number} of {path} is no JSON object.")
            yield number, found


def _value(kind: FieldKind, said: Any, text: str) -> Value:
    match kind:
        case FieldKind.CHOICES:
            if isinstance(said, str):
                raise ValueError("its labels are no list")
            return Choices(frozenset(map(str, said)))
        case FieldKind.SPANS:
            return Spans(frozenset(_span(one, len(text)) for one in said))
        case _:
            return Choice(str(said))


def _span(said: Mapping[str, Any], length: int) -> Span:
    span = Span(int(said["start"]), int(said["end"]), str(said["label"]))
    if not 0 <= span.start < span.end <= length:
        raise ValueError(f"the span {span} is empty or lies beyond the text")
    return span


def _first(wanted: Sequence[str], known: Iterable[str], path: Path) -> str:
    there = set(known)
    found = next((key for key in wanted if key in there), None)
    if found is None:
        raise UserError(f"{path} has no {' or '.join(wanted)}, only {', '.join(sorted(there)) or 'nothing'}.")
    return found


def _unreadable(path: Path, error: Exception) -> UserError:
    if isinstance(error, FileNotFoundError):
        return UserError(f"There is no file {path}.")
    return UserError(f"{path} cannot be read as UTF-8 text: {error}.")
