"""CSV and TSV as people have them: with a byte-order mark, other delimiters, long cells."""

import csv
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labelloop.errors import UserError

DELIMITERS = (",", ";", "\t")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Table:
    """A table's file, its columns in order, and its rows by column; a cell that a short row lacks is empty."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]

    def column(self, *wanted: str) -> str:
        """Return the first of the wanted columns that there is; raises UserError naming those there are."""
        found = next((name for name in wanted if name in self.columns), None)
        if found is None:
            known = ", ".join(sorted(self.columns)[:20]) or "nothing"
            raise UserError(f"{self.path} has no {' or '.join(wanted)}, only {known}.")
        return found


def read_table(path: Path) -> Table:
    """Read a table whose head line names its columns; raises UserError where it cannot be read."""
    content = read_text(path)
    csv.field_size_limit(sys.maxsize)  # a text may be longer than the module's own limit
    try:
        lines = csv.reader(io.StringIO(content, newline=""), delimiter=_delimiter(path, content), strict=True)
        columns = tuple(bare(name) for name in next(lines, []))
        return Table(path, columns, tuple(_rows(path, columns, lines)))
    except csv.Error as error:
        raise UserError(f"{path} cannot be read as a table: {error}.") from error


def read_text(path: Path) -> str:
    """Return a file's text, in UTF-8 or, with a byte-order mark, in UTF-16; raises UserError."""
    try:
        content = path.read_bytes()
        return content.decode("utf-16" if content[:2] in _UTF_16 else "utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as UTF-8 text: {error}.") from error


def bare(word: str) -> str:
    """Return a word without blanks around it, and without byte-order marks, which joined files have in their middle.

    >>> bare("\ufeff label ")
    'label'
    """
    return word.strip().strip("\ufeff").strip()


def _delimiter(path: Path, content: str) -> str:
    """Return what parts the names in the head line into the most columns; of a TSV, a tab."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    head = io.StringIO(content, newline="").readline()
    return max(DELIMITERS, key=lambda sign: len(next(csv.reader([head], delimiter=sign), [])))


def _rows(path: Path, columns: tuple[str, ...], lines: Iterator[list[str]]) -> Iterator[dict[str, str]]:
    for number, cells in enumerate(lines, 2):
        if any(cell.strip() for cell in cells[len(columns) :]):
            raise UserError(
                f"Row {number} of {path} has {len(cells)} cells, the head line {len(columns)}: put quotes around texts "
                "that hold the delimiter."
            )
        if any(cells):
            yield dict(zip(columns, [*cells, *[""] * len(columns)], strict=False))
