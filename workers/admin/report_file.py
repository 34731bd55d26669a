"""The report of a project as one file, which the ML backend makes."""

import httpx

from labelloop.errors import NeighbourError, NotFound
from labelloop.outgoing_requests import http_options, untrusted
from labelloop.settings import Settings

PATIENCE_S = 300.0
"""The first look at a very large project takes a while."""


def report_file(settings: Settings, project: int, language: str) -> tuple[str, bytes]:
    """Return the name and the content of the report as it is now.

    Raises NotFound where the ML backend knows no such project, NeighbourError where it makes no report.
    """
    answer = _asked(settings, f"/projects/{project}/report?lang={language}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise NotFound(f"{answer.url} is not there: is LABELLOOP_BACKEND_URL right, and project {project} connected?")
    name = answer.headers.get("Content-Disposition", "").partition('filename="')[2].rstrip('"')
    if not answer.is_success or not name:
        raise NeighbourError(f"{answer.url} is no report (HTTP {answer.status_code}): labelloop doctor says more.")
    return name, answer.content


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
