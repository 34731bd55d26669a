"""`labelloop report`."""

from pathlib import Path
from typing import Annotated

import httpx
import typer

from labelloop.errors import NeighbourError, NotFound
from labelloop.outgoing_requests import http_options, untrusted
from labelloop.settings import Settings
from workers.cli.arguments import Project

PATIENCE_S = 300.0
"""The first look at a very large project takes a while."""
File = Annotated[
    Path | None,
    typer.Argument(help="Where to write it; project-12-round-5.html here without it.", show_default=False),
]
Language = Annotated[str, typer.Option("--language", help="The language of its texts.", metavar="en|zh")]


def report(project: Project, file: File = None, language: Language = "en") -> None:
    """Write all that the pages show of a project into one file, to mail, to print and to keep.

    The ML backend makes it, so that has to run.
    """
    if language not in ("en", "zh"):
        raise typer.BadParameter("There are en (English) and zh (Chinese).", param_hint="--language")
    answer = _asked(Settings(), f"/projects/{project}/report?lang={language}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise NotFound(f"{answer.url} is not there: is LABELLOOP_BACKEND_URL right, and project {project} connected?")
    named = answer.headers.get("Content-Disposition", "").partition('filename="')[2].rstrip('"')
    if not answer.is_success or not named:
        raise NeighbourError(f"{answer.url} is no report (HTTP {answer.status_code}): labelloop doctor says more.")
    path = file or Path(Path(named).name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(answer.content)
    typer.echo(path)


def _asked(settings: Settings, path: str) -> httpx.Response:
    url = settings.backend_url.rstrip("/")
    login = (settings.backend_user, settings.backend_password.get_secret_value())
    try:
        with httpx.Client(auth=login, timeout=PATIENCE_S, **http_options(url, settings.ca_bundle)) as client:
            return client.get(f"{url}{path}", headers={"Accept": "text/html"})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        found = untrusted(f"the ML backend at {url}", error)
        message = f"The ML backend at {url}, which makes the report, does not answer ({error}): labelloop serve"
        raise found or NeighbourError(message) from error
