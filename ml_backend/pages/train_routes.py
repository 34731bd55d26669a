"""/projects/<project>/train: closing a round before it is due, confirmed first."""

from flask import Blueprint, g, redirect, url_for
from flask.typing import ResponseReturnValue

from ml_backend.auth import PAGES
from ml_backend.pages.desk import Desk


def add_train(pages: Blueprint, desk: Desk) -> None:
    """Add the routes."""

    @pages.get("/projects/<int:project>/train")
    def train(project: int) -> ResponseReturnValue:
        from ml_backend.pages.train_page import train_page

        g.project = project
        return train_page(desk, project)

    @pages.post("/projects/<int:project>/train")
    def do_train(project: int) -> ResponseReturnValue:
        from ml_backend.pages.train_page import train

        g.project = project
        return train(desk, project) or redirect(url_for(f"{PAGES}.project", project=project), 303)
