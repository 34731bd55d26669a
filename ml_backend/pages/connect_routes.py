"""/connect and /connect/<project>: the projects of Label Studio, and taking one into the loop."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from labelloop.domain.records import LARGEST_ID
from ml_backend.auth import PAGES
from ml_backend.pages.desk import Desk


def add_connect(pages: Blueprint, desk: Desk) -> None:
    """Add the routes; what they need of Label Studio's client is loaded with the first look."""

    @pages.get("/connect")
    def choose_project() -> ResponseReturnValue:
        from ml_backend.pages.connect_page import choose_page

        return choose_page(desk)

    @pages.get(f"/connect/<int(max={LARGEST_ID}):project>")
    def look_at_project(project: int) -> ResponseReturnValue:
        from ml_backend.pages.connect_page import look_page

        return look_page(desk, project)

    @pages.post(f"/connect/<int(max={LARGEST_ID}):project>")
    def connect_project(project: int) -> ResponseReturnValue:
        from ml_backend.pages.connect_page import act

        return act(desk, project) or redirect(url_for(f"{PAGES}.project", project=project), 303)
