"""/guideline/<project>: the page on which a lead reads what LLMs are told, and decides on it."""

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from labelloop.settings import Settings
from labelloop.stores.book import Book
from ml_backend.serving import Serving


def routes(serving: Serving, book: Book, settings: Settings) -> Blueprint:
    """Return the routes."""
    blueprint = Blueprint("guideline", __name__, template_folder="templates")

    @blueprint.get("/guideline/<int:project>")
    def show(project: int) -> ResponseReturnValue:
        from ml_backend.pages.guideline_page import page  # with pyarrow: a service that only predicts does without

        g.project = serving.snapshot(project).project_id
        return page(book, project, settings)

    @blueprint.post("/guideline/<int:project>")
    def decide(project: int) -> ResponseReturnValue:
        """Do what a form of the page asks for, then show the page again."""
        from ml_backend.pages.guideline_page import decide

        g.project = serving.snapshot(project).project_id
        refused = decide(book, project, settings)
        return refused or redirect(url_for("guideline.show", project=project, field=request.args.get("field")), 303)

    return blueprint
