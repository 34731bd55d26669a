"""/system: what is wrong, who works, which jobs have failed; looking again, and trying a job again."""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ml_backend.auth import PAGES
from ml_backend.pages.desk import Desk


def add_system(pages: Blueprint, desk: Desk) -> None:
    """Add the routes."""

    @pages.get("/system")
    def system() -> ResponseReturnValue:
        from ml_backend.pages.system_page import system_page

        return system_page(desk).make_conditional(request)

    @pages.post("/system")
    def act_on_system() -> ResponseReturnValue:
        from ml_backend.pages.system_page import act

        return act(desk) or redirect(url_for(f"{PAGES}.system"), 303)
