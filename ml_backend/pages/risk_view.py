"""The curve of a certificate's errors as the page of the release and the report show it, and as a file."""

from dataclasses import dataclass

from flask import Response

from labelloop.domain.records import Certificate
from labelloop.errors import NotFound
from labelloop.stores.book import Book
from labelloop.stores.risk_file import read_risk
from ml_backend.pages.curve_chart import HEIGHT, KEY, WIDTH
from ml_backend.pages.desk import Desk
from ml_backend.pages.downloads import csv_download, file_name, svg_download
from ml_backend.pages.page_texts import Texts
from ml_backend.pages.risk_chart import RiskRow, few_rows, risk_chart, risk_drawn, risk_rows

COLUMNS = ("share", "tasks", "margin", "errors", "risk", "low", "high", "threshold")


@dataclass(frozen=True, slots=True)
class RiskView:
    """The chart of a certificate's curve, and some of its points."""

    chart: str
    rows: list[RiskRow]


def risk_view(book: Book, certificate: Certificate, name: str, t: Texts) -> RiskView | None:
    """Return the curve, None where the certificate has none."""
    rows = risk_rows(read_risk(book, certificate), certificate)
    chart = risk_chart(rows, name, t)
    return RiskView(chart, few_rows(rows)) if chart else None


def risk_file(desk: Desk, project: int, name: str, t: Texts, *, drawn: bool) -> Response:
    """Return a field's curve as a file: a picture, or every point for spreadsheets; raises NotFound for none."""
    state = desk.figures.state(project, name)
    certificate = state.attempt.certificate if state.attempt else None
    rows = risk_rows(read_risk(desk.book, certificate), certificate) if certificate else []
    if not rows:
        raise NotFound(f"Project {project} has no curve of a certificate's errors.")
    called = file_name("risk-coverage", project, [one.field.name for one in state.fields], state.field.name)
    if drawn:
        return svg_download(risk_drawn(rows, t, keyed=True), WIDTH, HEIGHT + KEY, called)
    points = (
        (one.share, one.tasks, one.margin, one.errors, one.risk, one.low, one.high, int(one.stands)) for one in rows
    )
    return csv_download([COLUMNS, *points], called)
