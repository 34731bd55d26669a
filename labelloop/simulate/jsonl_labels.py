"""JSON Lines with a text and its labels in each line: our own, anybody's, and those of doccano."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from labelloop.domain.json_values import displayed
from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, Choices, FieldKind, Spans, Value
from labelloop.errors import UserError
from labelloop.simulate.labelled_texts import NO_LABEL, TEXT_KEYS, Labelled, LabelledText, labelled
from labelloop.simulate.own_values import own_kind, own_value, require_within, span_of
from labelloop.simulate.table_reader import read_text

Line = Mapping[str, Any]

KEYS = ("spans", "entities", "labels", "label")
"""Where labels may stand; the first that is there is read."""


def read_jsonl(path: Path, field: str | None = None) -> Labelled:
    """Read one object a line: `text`, one of `label`, `labels`, `spans` and `entities`, and `split` where there is one.

    `field` says which of these is meant. See `read_lines`. Raises UserError naming the first line that cannot be read.
    """
    return read_lines(path, list(_objects(path)), field)


def read_lines(path: Path, lines: Sequence[tuple[int, Line]], field: str | None = None) -> Labelled:
    """Read numbered objects: a label is a word, or a list of words; a span has a start, an end (exclusive) and a label.

    Code points are counted. A list of one word in every line means one label a text, unless it is called `labels`; an
    empty list then is no label. Lines without a label are counted and passed over.
    """
    known = {key for _, line in lines for key in line}
    key = _first((field,) if field else KEYS, known, path)
    text = _first(TEXT_KEYS, known, path)
    if key in ("labels", "spans") and {"label", "labels"} <= known and not field:
        return _own(path, lines, text)
    given = [(number, line, line[key]) for number, line in lines if _says_something(line.get(key))]
    kind = _kind(key, [cell for _, _, cell in given])
    rows = []
    for number, line, cell in given:
        if kind is FieldKind.CHOICE and cell == []:
            continue
        try:
            words = displayed(line[text]) or ""
            value = require_within(_value(kind, key, cell), words)
            rows.append(LabelledText(words, value, str(line.get("split") or "")))
        except (KeyError, TypeError, ValueError) as error:
            raise _wrong(path, number, error) from error
    return labelled(_field(key, kind), rows, {NO_LABEL: len(lines) - len(rows)})


def _own(path: Path, lines: Sequence[tuple[int, Line]], text: str) -> Labelled:
    """Read an export of ours, which holds values without loss beside a readable label."""
    rows = []
    for number, line in lines:
        if not isinstance(line.get("labels"), list):
            raise _wrong(path, number, ValueError("its labels are no list"))
    kind = own_kind([line for _, line in lines])
    for number, line in lines:
        try:
            value = require_within(own_value(kind, line), str(line[text]))
        except (KeyError, TypeError, ValueError) as error:
            raise _wrong(path, number, error) from error
        rows.append(LabelledText(str(line[text]), value, str(line.get("split") or "")))
    return labelled(_field("label", kind), rows)


def _says_something(cell: Any) -> bool:
    return cell is not None and not (isinstance(cell, str) and not cell.strip())


def _kind(key: str, cells: Sequence[Any]) -> FieldKind:
    lists = [cell for cell in cells if isinstance(cell, list)]
    items = [item for cell in lists for item in cell]
    if key in ("spans", "entities") or any(isinstance(item, list | dict) for item in items):
        return FieldKind.SPANS
    if key == "labels" or any(len(cell) > 1 for cell in lists):
        return FieldKind.CHOICES
    return FieldKind.CHOICE


def _value(kind: FieldKind, key: str, cell: Any) -> Value:
    match kind, cell:
        case FieldKind.CHOICES, list():
            return Choices(frozenset(map(_word, cell)))
        case FieldKind.SPANS, list():
            return Spans(frozenset(map(span_of, cell)))
        case FieldKind.CHOICE, [only]:
            return Choice(_word(only))
        case FieldKind.CHOICE, _ if not isinstance(cell, list):
            return Choice(_word(cell))
        case _:
            raise ValueError(f"its {key} {'are' if key.endswith('s') else 'is'} no list")


def _word(cell: Any) -> str:
    word = None if isinstance(cell, list) else displayed(cell)
    if word is None or not word.strip():
        raise ValueError("a label is no word")
    return word


def _field(name: str, kind: FieldKind) -> Field:
    return Field(name, kind, (), "text", ("text",))


def _objects(path: Path) -> Iterator[tuple[int, Line]]:
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.strip():
            try:
                found = json.loads(line)
            except ValueError as error:
                raise UserError(f"Line {number} of {path} is no JSON: {error}.") from error
            if not isinstance(found, dict):
                raise UserError(f"Line {number} of {path} is no JSON object.")
            yield number, found


def _first(wanted: Sequence[str], there: set[str], path: Path) -> str:
    found = next((key for key in wanted if key in there), None)
    if found is None:
        known = ", ".join(sorted(there)[:20]) or "nothing"
        raise UserError(f"{path} has no {' or '.join(reversed(wanted))}, only {known}.")
    return found


def _wrong(path: Path, number: int, error: Exception) -> UserError:
    return UserError(f"Line {number} of {path} cannot be read ({error}): fix or remove it.")
