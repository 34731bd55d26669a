"""The report: all that the pages show of a project as one file, to mail, to print and to keep; it needs no script."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Response

from labelloop import __version__
from labelloop.state.project_state import ProjectState
from labelloop.steps.people_figures import people_figures
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.next_sentence import next_sentence
from ml_backend.pages.people_page import FEWEST_TASKS, PersonView, unnamed
from ml_backend.pages.project_page import FieldView, field_views
from ml_backend.pages.quality_page import quality_figures
from ml_backend.pages.release_page import certificate_views
from workers.admin.release_status import release_status

STYLE = Path(__file__).with_name("static") / "pages.css"


@dataclass(frozen=True, slots=True)
class FieldSection:
    """What the report says of a field; `quality` is empty before its first verdict."""

    view: FieldView
    quality: dict[str, Any]
    people: list[PersonView]


def report_page(desk: Desk, project: int) -> Response:
    """Return the report as a file to keep, in the reader's language; raises NotConnected."""
    figures, state, t = desk.figures.of(project), desk.figures.state(project), spoken()
    number = figures.first.rounds[-1].number if figures.first.rounds else 0
    answer = desk.page(
        "report.html",
        project=project,
        title=figures.first.connection.title,
        number=number,
        figures=figures,
        status=figures.first,
        next=next_sentence(figures, t),
        sections=list(_sections(desk, state, field_views(figures, t))),
        versions=[*reversed(figures.versions)],
        certificates=certificate_views(desk.book, state),
        release=release_status(desk.book, state) if state.fields else None,
        fewest=FEWEST_TASKS,
        style=STYLE.read_text("utf-8"),
        program=f"LabelLoop {__version__}",
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="project-{project}-round-{number}.html"'
    return answer


def _sections(desk: Desk, state: ProjectState, views: list[FieldView]) -> Iterator[FieldSection]:
    for one, view in zip(state.by_field, views, strict=False):
        people = unnamed(people_figures(desk.book, one), spoken())
        found = desk.figures.quality(state.id, one.field.name)
        yield FieldSection(view, {"found": found, **quality_figures(found, one)} if found else {}, people)
