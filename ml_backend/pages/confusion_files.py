"""Which labels are taken for which others, as files: every pair as CSV, and the table of the page as SVG."""

from collections.abc import Iterator
from html import escape
from unicodedata import east_asian_width

from flask import Response

from labelloop.domain.disagreements import Cells
from labelloop.errors import NotFound
from ml_backend.pages.confusion_table import SHADES, ConfusionCell, ConfusionTable
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.downloads import csv_download, file_name, svg_download
from ml_backend.pages.page_texts import Texts
from ml_backend.pages.quality_page import MODEL, PEOPLE, table_of

COLUMNS = {MODEL: ("model", "person", "times", "tasks"), PEOPLE: ("one", "other", "times", "tasks")}
CELL, ROW, TOP, GAP, CHARACTER = 56, 30, 64, 10, 7
LONGEST = 28
DARKEST = 0.42
AGREES, DIFFERS = "#0072b2", "#b45309"


def confusion_file(desk: Desk, project: int, field: str, of: str, *, drawn: bool) -> Response:
    """Return the table `of` the model or people as a file, `drawn` or as CSV; raises NotConnected, or NotFound."""
    state, t = desk.figures.state(project, field), spoken()
    found = desk.figures.quality(project, state.field.name)
    table = table_of(found, state, of) if found and of in COLUMNS else None
    if found is None or table is None:
        raise NotFound(f"There is no such table: open /projects/{project}/quality again.")
    name = file_name(f"confusion-{of}", project, [one.field.name for one in state.fields], state.field.name)
    if not drawn:
        return csv_download(_rows(found.of_model if of == MODEL else found.among_people, of), name)
    width, height, parts = confusion_chart(table, f"{t(f'confused_{of}')} · {t(f'axes_{of}')}", t)
    return svg_download(parts, width, height, name)


def confusion_chart(table: ConfusionTable, title: str, t: Texts) -> tuple[float, float, str]:
    """Return width, height and what is drawn; labels stand on the left, and above the columns where they are short."""
    names = [_short(label or t("no_answer")) for label in table.labels]
    rows = [f"{place} · {name}" for place, name in enumerate(names, 1)] if table.is_numbered else names
    heads = [str(place) for place in range(1, len(names) + 1)] if table.is_numbered else names
    left = max(map(_wide, rows)) + 2 * GAP
    cell = max(CELL, max(map(_wide, heads)) + GAP)
    parts = [_text(GAP, 24, title, "start", "ink")]
    parts += [_text(left + (at + 0.5) * cell, TOP - GAP, head, "middle") for at, head in enumerate(heads)]
    for place, (row, cells) in enumerate(zip(rows, table.rows, strict=True)):
        y = TOP + place * ROW
        parts.append(_text(left - GAP, y + ROW / 2 + 4, row, "end", "ink"))
        parts += [_cell(left + at * cell, y, cell, one) for at, one in enumerate(cells)]
    width = max(left + len(heads) * cell, _wide(title) + GAP) + GAP
    return width, TOP + len(rows) * ROW + GAP, "".join(parts)


def _rows(cells: Cells, of: str) -> Iterator[tuple[str | int, ...]]:
    yield COLUMNS[of]
    for (one, other), at in sorted(cells.items(), key=lambda item: (-len(item[1]), item[0])):
        yield one, other, len(at), len(set(at))


def _cell(x: float, y: float, width: float, one: ConfusionCell) -> str:
    colour, opacity = AGREES if one.agrees else DIFFERS, DARKEST * one.shade / SHADES
    box = f'x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{ROW}"'
    count = _text(x + width / 2, y + ROW / 2 + 4, str(one.times) if one.times else "·", "middle", "ink")
    return f'<rect class="grid" {box} fill="{colour}" fill-opacity="{opacity:.2f}"/>{count}'


def _text(x: float, y: float, said: str, anchor: str, kind: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>'


def _short(label: str) -> str:
    return label if len(label) <= LONGEST else f"{label[:LONGEST]}…"


def _wide(text: str) -> float:
    return CHARACTER * sum(2 if east_asian_width(each) in "WF" else 1 for each in text)
