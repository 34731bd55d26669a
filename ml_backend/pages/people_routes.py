"""/projects/<project>/people: each annotator's figures, as a page and as files for spreadsheets."""

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ml_backend.pages.desk import Desk


def add_people(pages: Blueprint, desk: Desk) -> None:
    """Add the routes."""

    @pages.get("/projects/<int:project>/people")
    def people(project: int) -> ResponseReturnValue:
        from ml_backend.pages.people_page import people_page

        g.project = project
        return people_page(desk, project, request.args.get("field", ""), hidden=_hidden())

    @pages.get("/projects/<int:project>/people/<table>.csv")
    def people_file(project: int, table: str) -> ResponseReturnValue:
        from ml_backend.pages.people_files import people_csv

        g.project = project
        return people_csv(desk, project, request.args.get("field", ""), table, hidden=_hidden())


def _hidden() -> bool:
    return request.args.get("who") == "hidden"
