"""Tables and charts as files to keep: what they are called, and all that they need in them."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response, send_file

LONGEST = 60
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
STYLE = """
text { fill: #59636e; font: 11px system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
.ground { fill: #fff; } .grid { stroke: #d0d7de; stroke-width: 1; } .ink { fill: #1f2328; }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round; } .band { stroke: none; opacity: .16; }
.line.model { stroke: #0072b2; } .band.model, circle.model { fill: #0072b2; }
circle.model { stroke: #fff; stroke-width: 1.5; }
.line.people { stroke: #b45309; stroke-width: 1.75; } .band.people { fill: #b45309; }
.line.margin { stroke: #59636e; stroke-width: 1.5; stroke-dasharray: 6 5; }
"""
"""The pages' style of charts on a light ground: a file has no style sheet beside it."""


def csv_download(rows: Iterable[Sequence[Any]], name: str) -> Response:
    """Return rows as a CSV file in UTF-8, which any spreadsheet opens; a text that it would compute is quoted."""
    file = io.StringIO()
    csv.writer(file).writerows([plain(cell) for cell in row] for row in rows)
    return _download("\ufeff" + file.getvalue(), f"{name}.csv", "text/csv")


def plain(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: before a text that looks like one stands an apostrophe.

    >>> plain("=1+1"), plain("@Bob"), plain("Good"), plain(-0.5)
    ("'=1+1", "'@Bob", 'Good', -0.5)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def svg_download(drawn: str, width: float, height: float, name: str) -> Response:
    """Return what is drawn within this width and height, in pixels, as an SVG file that needs nothing else."""
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    ground = f'<rect class="ground" width="{width:.0f}" height="{height:.0f}"/>'
    whole = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{STYLE}</style>{ground}{drawn}</svg>\n'
    return _download(whole, f"{name}.svg", "image/svg+xml")


def file_name(what: str, project: int, fields: Sequence[str], field: str) -> str:
    """Return a name without ending: of one of several fields it ends in that field, without what no file may be called.

    >>> file_name("curve", 12, ["a"], "a"), file_name("curve", 12, ["a", "语气/b"], "语气/b")
    ('curve-12', 'curve-12-语气-b')
    """
    words = re.sub(r"\W+", "-", field).strip("-")[:LONGEST] if len(fields) > 1 else ""
    return "-".join(filter(None, (what, str(project), words)))


def _download(text: str, name: str, kind: str) -> Response:
    content = io.BytesIO(text.encode("utf-8", "replace"))
    answer = send_file(content, kind, as_attachment=True, download_name=name, max_age=0)
    answer.headers["Cache-Control"] = "no-store"
    return answer
