"""/projects/<project>/release: the certificate, what is left to people, and every file of a release or round."""

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ml_backend.pages.desk import Desk, spoken


def add_release(pages: Blueprint, desk: Desk) -> None:
    """Add the routes."""

    @pages.get("/projects/<int:project>/release")
    def release(project: int) -> ResponseReturnValue:
        from ml_backend.pages.release_page import release_page

        g.project = project
        return release_page(desk, project).make_conditional(request)

    @pages.get("/projects/<int:project>/file")
    def stored_file(project: int) -> ResponseReturnValue:
        """Send a stored file: `?of=release&number=1&name=release.parquet`."""
        from ml_backend.pages.release_page import stored_file

        g.project = project
        asked = request.args
        return stored_file(desk, project, asked.get("of", ""), _number(asked.get("number", "")), asked.get("name", ""))

    @pages.get("/projects/<int:project>/risk.<any(csv, svg):kind>")
    def risk(project: int, kind: str) -> ResponseReturnValue:
        """Send the curve of a field's newest certificate: `?field=mood`."""
        from ml_backend.pages.risk_view import risk_file

        g.project = project
        return risk_file(desk, project, request.args.get("field", ""), spoken(), drawn=kind == "svg")


def _number(text: str) -> int:
    """Return the number of a release or round, 0 where there can be none of it."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
