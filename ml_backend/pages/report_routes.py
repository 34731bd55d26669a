"""/projects/<project>/report: everything as one file."""

from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from ml_backend.pages.desk import Desk


def add_report(pages: Blueprint, desk: Desk) -> None:
    """Add the route."""

    @pages.get("/projects/<int:project>/report")
    def report(project: int) -> ResponseReturnValue:
        from ml_backend.pages.report_page import report_page

        g.project = project
        return report_page(desk, project)
