"""/projects/<project>/disputes: tasks on which people differ, and the lead's decisions on them."""

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ml_backend.auth import PAGES
from ml_backend.pages.desk import Desk


def add_disputes(pages: Blueprint, desk: Desk) -> None:
    """Add the routes."""

    @pages.get("/projects/<int:project>/disputes")
    def disputes(project: int) -> ResponseReturnValue:
        from ml_backend.pages.disputes_page import disputes_page

        g.project = project
        return disputes_page(desk, project, request.args.get("field", ""))

    @pages.post("/projects/<int:project>/disputes")
    def decide_dispute(project: int) -> ResponseReturnValue:
        """Record a decision, then show the page again."""
        from ml_backend.pages.disputes_page import decide

        g.project = project
        field, show, page = map(request.args.get, ("field", "show", "page"))
        refused = decide(desk, project, field or "")
        here = url_for(f"{PAGES}.disputes", project=project, field=field, show=show, page=page)
        return refused or redirect(here, 303)
