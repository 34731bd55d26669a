"""A looped project with a queue and a Label Studio that is an object, and what its lead does on the pages."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from labelloop.domain.action_record import Action
from labelloop.domain.tasks import Role
from ml_backend.app import EXTENSION, create_app
from tests.ml_backend.stage import PASSWORD, SECRET, credentials
from tests.workers.conftest import PROJECT, Site, site
from tests.workers.fake_label_studio import FakeLabelStudio
from workers.jobs.app_context import open_serving_context

PAGE = f"/projects/{PROJECT}"


@contextmanager
def looped(monkeypatch: pytest.MonkeyPatch, folder: Path, url: str) -> Iterator[Site]:
    """Yield a project of 160 tasks whose first version serves."""
    monkeypatch.setenv("LABELLOOP_BACKEND_PASSWORD", PASSWORD)
    monkeypatch.setenv("LABELLOOP_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("LABELLOOP_LABEL_STUDIO_URL", "http://127.0.0.1:1")
    with site(monkeypatch, folder, url, FakeLabelStudio(160)) as made:
        made.ring()
        made.label_studio.annotate(made.of(Role.TRAIN)[:30], person=1)
        for person in (1, 2):
            made.label_studio.annotate(made.of(Role.MONITOR), person)
        made.ring()
        yield made


@contextmanager
def served_beside(here: Site) -> Iterator[FlaskClient]:
    """Yield a client of the service beside it, which knows the service's password."""
    app = create_app(open_serving_context(here.settings.model_copy(update={"refresh_s": 600})))
    client = app.test_client()
    client.environ_base.update(HTTP_ACCEPT="text/html", HTTP_AUTHORIZATION=credentials())
    yield client
    app.extensions[EXTENSION].close()


def form_of(page: str) -> dict[str, str]:
    """Return what the last form of a page carries."""
    found = re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', page[page.rindex("<form") :])
    return {name: unescape(value) for name, value in found}


def do(client: FlaskClient, path: str, **also: str) -> tuple[int, str]:
    """Answer the question of a page, and return what is answered to that."""
    answer = client.post(f"{PAGE}{path.partition('?')[0]}", data=form_of(client.get(f"{PAGE}{path}").text) | also)
    return answer.status_code, answer.text


def actions(here: Site) -> list[tuple[str, str]]:
    """Return what was entered in the audit trail."""
    return [(one.action, one.detail) for one in here.view.ledger.all(Action, PROJECT)]
