"""/projects/<project>/quality: where the model and people differ, by label, and the very tasks behind a number."""

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ml_backend.pages.desk import Desk


def add_quality(pages: Blueprint, desk: Desk) -> None:
    """Add the routes."""

    @pages.get("/projects/<int:project>/quality")
    def quality(project: int) -> ResponseReturnValue:
        from ml_backend.pages.quality_page import quality_page

        g.project = project
        return quality_page(desk, project, request.args.get("field", ""))

    @pages.get("/projects/<int:project>/quality/tasks")
    def quality_tasks(project: int) -> ResponseReturnValue:
        from ml_backend.pages.quality_page import tasks_page

        g.project = project
        asked = request.args
        labels = asked.get("one", ""), asked.get("other", "")
        return tasks_page(desk, project, asked.get("field", ""), asked.get("of", ""), labels)

    @pages.get("/projects/<int:project>/quality/<of>.<any(csv, svg):kind>")
    def confusion(project: int, of: str, kind: str) -> ResponseReturnValue:
        from ml_backend.pages.confusion_files import confusion_file

        g.project = project
        return confusion_file(desk, project, request.args.get("field", ""), of, drawn=kind == "svg")
