"""/projects/<project>/rules: the rules in force, what a change would do, and changing them."""

from flask import Blueprint, g, redirect, url_for
from flask.typing import ResponseReturnValue

from ml_backend.auth import PAGES
from ml_backend.pages.desk import Desk


def add_rules(pages: Blueprint, desk: Desk) -> None:
    """Add the routes."""

    @pages.get("/projects/<int:project>/rules")
    def rules(project: int) -> ResponseReturnValue:
        from ml_backend.pages.rules_page import rules_page

        g.project = project
        return rules_page(desk, project)

    @pages.get("/projects/<int:project>/rules/change")
    def rule_effects(project: int) -> ResponseReturnValue:
        """Say what a change would do: `?rule-round_size=40`."""
        from ml_backend.pages.rules_page import effects_page

        g.project = project
        return effects_page(desk, project)

    @pages.post("/projects/<int:project>/rules/change")
    def change_rules(project: int) -> ResponseReturnValue:
        from ml_backend.pages.rules_page import change

        g.project = project
        return change(desk, project) or redirect(url_for(f"{PAGES}.rules", project=project), 303)
