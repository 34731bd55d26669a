"""The page of a project: what is next, how far the round is, and how good the model and people are."""

from dataclasses import dataclass
from typing import Any

from flask import Response

from labelloop.domain.records import Verdict
from labelloop.domain.report_record import RoundReport
from labelloop.errors import NotFound
from labelloop.number_format import money
from ml_backend.pages.curve_chart import curve_chart, curve_file
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.downloads import csv_download, file_name, svg_download
from ml_backend.pages.next_sentence import next_sentence, reason
from ml_backend.pages.page_figures import ProjectFigures
from ml_backend.pages.page_texts import Texts
from workers.admin.round_curve import CurvePoint, learning_curve
from workers.admin.status import ProjectStatus

COLUMNS = ("round", "labels", "new_labels", "audit_tasks", "version", "agreement", "low", "high")
COLUMNS_OF_PEOPLE = ("human_agreement", "human_low", "human_high", "closed_at")


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field as the page shows it; `because` is what the verdict rests on, `chart` None before there is a curve."""

    name: str
    status: ProjectStatus
    verdict: Verdict | None
    because: str
    points: list[CurvePoint]
    chart: str | None


def project_page(desk: Desk, project: int) -> Response:
    """Return the page; raises NotConnected for a project that was never looped."""
    figures, t = desk.figures.of(project), spoken()
    spending = figures.spending
    answer = desk.page(
        "project.html",
        project=project,
        title=figures.first.connection.title,
        figures=figures,
        status=figures.first,
        next=next_sentence(figures, t),
        progress=_progress(figures.first),
        reports=[one.number for one in reversed(desk.book.ledger.all(RoundReport, project))],
        fields=field_views(figures, t),
        spent=(money(spending.total.cost), money(spending.cap)) if spending else None,
    )
    answer.add_etag()
    return answer


def field_views(figures: ProjectFigures, t: Texts) -> list[FieldView]:
    """Return the looped fields as pages show them."""
    return [_field(one, report, t) for one, report in zip(figures.statuses, figures.reports, strict=True)]


def curve_csv(desk: Desk, project: int, name: str) -> Response:
    """Return a field's learning curve as a file for spreadsheets; raises NotFound for an unknown field."""
    figures = desk.figures.of(project)
    status = _status(figures, project, name)
    columns = (*COLUMNS, *COLUMNS_OF_PEOPLE)
    return csv_download([columns, *map(_cells, learning_curve(status))], _file_name(figures, status))


def curve_svg(desk: Desk, project: int, name: str) -> Response:
    """Return a field's learning curve as a picture with its key; raises NotFound where there is none."""
    figures, t = desk.figures.of(project), spoken()
    status = _status(figures, project, name)
    drawn = curve_file(learning_curve(status), status.verdict.margin if status.verdict else None, t)
    if drawn is None:
        raise NotFound(t("curve_empty"))
    return svg_download(*drawn, _file_name(figures, status))


def _status(figures: ProjectFigures, project: int, name: str) -> ProjectStatus:
    found = [one for one in figures.statuses if one.field and name in ("", one.field.name)]
    if not found:
        raise NotFound(f"Project {project} loops no field {name!r}.")
    return found[0]


def _file_name(figures: ProjectFigures, status: ProjectStatus) -> str:
    fields = [one.field.name for one in figures.statuses if one.field]
    field = status.field.name if status.field else ""
    return file_name("learning-curve", status.connection.project_id, fields, field)


def _cells(point: CurvePoint) -> tuple[Any, ...]:
    closed, found = point.closed, point.measured
    model = (found.version, found.agreement, found.agreement_low, found.agreement_high) if found else (None,) * 4
    people = (found.human_agreement, found.human_low, found.human_high) if found else (None,) * 3
    counts = (closed.number, closed.train, closed.new_train, found.n if found else closed.audit)
    return (*counts, *model, *people, closed.created_at.isoformat())


def _field(status: ProjectStatus, report: dict[str, Any] | None, t: Texts) -> FieldView:
    name, verdict = status.field.name if status.field else "", status.verdict
    points = learning_curve(status)
    return FieldView(
        name=name,
        status=status,
        verdict=verdict,
        because=reason("", verdict, report, t) if verdict and report else "",
        points=list(reversed(points)),
        chart=curve_chart(points, verdict.margin if verdict else None, name, t),
    )


def _progress(status: ProjectStatus) -> tuple[int, int] | None:
    """Return how many new labels there are of how many that close the round; None where no round is to close."""
    wanted = status.labels_to_next_round
    if wanted is None or status.due_at < 1:
        return None
    return max(0, status.due_at - wanted), status.due_at
