"""/projects/<project>/people: each annotator's figures."""

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ml_backend.pages.desk import Desk


def add_people(pages: Blueprint, desk: Desk) -> None:
    """Add the route."""

    @pages.get("/projects/<int:project>/people")
    def people(project: int) -> ResponseReturnValue:
        from ml_backend.pages.people_page import people_page

        g.project = project
        return people_page(desk, project, request.args.get("field", ""), hidden=request.args.get("who") == "hidden")
