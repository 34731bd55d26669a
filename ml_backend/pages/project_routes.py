"""/projects and /projects/<project>: how everything stands, and the learning curve as a table for spreadsheets."""

from flask import Blueprint, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ml_backend.auth import PAGES
from ml_backend.pages.desk import Desk, spoken


def add_projects(pages: Blueprint, desk: Desk) -> None:
    """Add the routes; what makes the pages is loaded with the first look at one."""

    @pages.get("/")
    def home() -> ResponseReturnValue:
        return redirect(url_for(f"{PAGES}.projects"))

    @pages.get("/projects")
    def projects() -> ResponseReturnValue:
        from ml_backend.pages.projects_page import projects_page

        return projects_page(desk).make_conditional(request)

    @pages.get("/projects/<int:project>")
    def project(project: int) -> ResponseReturnValue:
        from ml_backend.pages.project_page import project_page

        g.project = project
        return project_page(desk, project).make_conditional(request)

    @pages.get("/projects/<int:project>/curve.svg")
    def curve_drawn(project: int) -> ResponseReturnValue:
        from ml_backend.pages.project_page import curve_svg

        g.project = project
        return curve_svg(desk, project, request.args.get("field", ""))

    @pages.get("/projects/<path:_>")
    def nowhere(_: str) -> ResponseReturnValue:
        # Without a page of its own an unknown address would ask for the password of the service.
        abort(404, spoken()("no_page"))

    @pages.get("/projects/<int:project>/curve.csv")
    def curve(project: int) -> ResponseReturnValue:
        from ml_backend.pages.project_page import curve_csv

        g.project = project
        return curve_csv(desk, project, request.args.get("field", ""))
