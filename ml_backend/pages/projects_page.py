"""The page of all projects: one row each, and what is next in it."""

from dataclasses import dataclass

import structlog
from flask import Response

from labelloop.errors import LabelLoopError
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.next_sentence import NextSentence, next_sentence
from ml_backend.pages.page_figures import ProjectFigures

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project with its figures and what is next; where they cannot be had, `fault` says why."""

    project: int
    figures: ProjectFigures | None = None
    next: NextSentence | None = None
    fault: str = ""


def projects_page(desk: Desk) -> Response:
    """Return the page; a project that cannot be shown is no reason not to show the others."""
    answer = desk.page("projects.html", rows=[_row(desk, project) for project in desk.book.ledger.projects()])
    answer.add_etag()
    return answer


def _row(desk: Desk, project: int) -> ProjectRow:
    t = spoken()
    try:
        figures = desk.figures.of(project)
    except LabelLoopError as error:
        return ProjectRow(project, fault=str(error))
    except Exception:
        log.exception("project_not_shown", project=project)
        return ProjectRow(project, fault=t("broken"))
    return ProjectRow(project, figures, next_sentence(figures, t))
