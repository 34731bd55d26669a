"""/projects/<project>/versions: every model version, two compared, and letting one serve or going back."""

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ml_backend.auth import PAGES
from ml_backend.pages.desk import Desk


def add_versions(pages: Blueprint, desk: Desk) -> None:
    """Add the routes."""

    @pages.get("/projects/<int:project>/versions")
    def versions(project: int) -> ResponseReturnValue:
        from ml_backend.pages.versions_page import versions_page

        g.project = project
        return versions_page(desk, project)

    @pages.get("/projects/<int:project>/versions/compare")
    def compare(project: int) -> ResponseReturnValue:
        from ml_backend.pages.compare_page import compare_page

        g.project = project
        return compare_page(desk, project, request.args.getlist("version"))

    @pages.post("/projects/<int:project>/versions")
    def change_version(project: int) -> ResponseReturnValue:
        """Ask whether the form is meant, then do it."""
        from ml_backend.pages.versions_page import change

        g.project = project
        return change(desk, project) or redirect(url_for(f"{PAGES}.versions", project=project), 303)
