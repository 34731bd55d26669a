"""/projects/<project>/log: who changed what."""

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ml_backend.pages.desk import Desk


def add_log(pages: Blueprint, desk: Desk) -> None:
    """Add the route."""

    @pages.get("/projects/<int:project>/log")
    def log(project: int) -> ResponseReturnValue:
        from ml_backend.pages.log_page import log_page

        g.project = project
        return log_page(desk, project, request.args.get("page", 1, int))
