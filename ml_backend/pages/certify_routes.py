"""/projects/<project>/certify and /relabel: what each would do, and doing it."""

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ml_backend.auth import PAGES
from ml_backend.pages.desk import Desk


def add_certify(pages: Blueprint, desk: Desk) -> None:
    """Add the routes; what plans are computed with is loaded with the first of them."""

    @pages.get("/projects/<int:project>/certify")
    def certify(project: int) -> ResponseReturnValue:
        """Show the plan: `?max_error=5&confidence=95&n=300&min_similarity=1&without=topic`."""
        from ml_backend.pages.certify_page import certify_page

        g.project = project
        answer = certify_page(desk, project)
        answer.add_etag()
        return answer.make_conditional(request)

    @pages.post("/projects/<int:project>/certify")
    def start_certify(project: int) -> ResponseReturnValue:
        from ml_backend.pages.certify_page import start

        g.project = project
        return start(desk, project) or redirect(url_for(f"{PAGES}.release", project=project), 303)

    @pages.get("/projects/<int:project>/relabel")
    def relabel(project: int) -> ResponseReturnValue:
        from ml_backend.pages.relabel_page import relabel_page

        g.project = project
        return relabel_page(desk, project)

    @pages.post("/projects/<int:project>/relabel")
    def do_relabel(project: int) -> ResponseReturnValue:
        from ml_backend.pages.relabel_page import put_back

        g.project = project
        return put_back(desk, project) or redirect(url_for(f"{PAGES}.release", project=project), 303)
