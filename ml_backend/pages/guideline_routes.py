"""/guideline/<project>: the page on which a lead reads what LLMs are told, and decides on it."""

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ml_backend.auth import PAGES
from ml_backend.pages.desk import Desk


def add_guideline(pages: Blueprint, desk: Desk) -> None:
    """Add the routes."""

    @pages.get("/guideline/<int:project>")
    def guideline(project: int) -> ResponseReturnValue:
        from ml_backend.pages.guideline_page import page  # with pyarrow: a service that only predicts does without

        g.project = project
        return page(desk, project)

    @pages.post("/guideline/<int:project>")
    def decide_guideline(project: int) -> ResponseReturnValue:
        """Do what a form of the page asks for, then show the page again."""
        from ml_backend.pages.guideline_page import decide

        g.project = project
        refused = decide(desk, project)
        return refused or redirect(url_for(f"{PAGES}.guideline", project=project, field=request.args.get("field")), 303)
