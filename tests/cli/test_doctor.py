"""`doctor` finds what is wrong and says what to do."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from rq import Worker
from rq.serializers import JSONSerializer

from labelloop.domain.records import Connection
from labelloop.settings import Settings
from labelloop.stores.book import Book
from sync.client import LabelStudio
from tests.cli.conftest import Run
from tests.cli.loop import played
from tests.sync.stub_backend import StubBackend
from workers import checks
from workers.bootstrap import open_bell
from workers.checks import Level
from workers.queue import QUEUE


@pytest.fixture
def worker(data_dir: Path) -> Iterator[Worker]:
    """Yield a worker that has reported for work."""
    bell = open_bell(Settings())
    found = Worker([QUEUE], connection=bell.redis, serializer=JSONSerializer)
    found.register_birth()  # type: ignore[no-untyped-call]
    yield found
    found.register_death()  # type: ignore[no-untyped-call]


def found(run: Run, level: str, *words: str) -> list[str]:
    """Return what doctor says at this level."""
    return [one["what"] for one in json.loads(run("doctor", "--json", *words).out) if one["level"] == level]


def test_a_healthy_project_has_no_finding(
    run: Run, client: LabelStudio, project: int, backend: StubBackend, worker: Worker
) -> None:
    """Everything is looked at, everything is fine, status 0."""
    assert run("connect", str(project)).status == 0
    told = run("doctor", str(project))
    assert told.status == 0, told.out
    assert "✗" not in told.out
    assert "Label Studio 1.23" in told.out
    assert [path for path, _, _ in backend.rung][-1] == f"/webhook/{project}"


def test_what_somebody_changed_in_label_studio_is_found(
    run: Run, client: LabelStudio, project: int, backend: StubBackend, worker: Worker
) -> None:
    """A deleted webhook and another sampling are faults, with the project's number and the way out."""
    run("connect", str(project))
    client.delete_webhook(client.webhooks(project)[0].id)
    client.update_project(project, sampling="Sequential sampling")
    told = run("doctor", str(project))
    assert told.status == 1
    assert f"Project {project}: The webhook is missing" in told.out
    assert "Sequential sampling" in told.out
    assert f"→ Run `labelloop connect {project}`" in told.out


def test_a_dead_token_is_told_once(run: Run, client: LabelStudio, monkeypatch: pytest.MonkeyPatch, book: Book) -> None:
    """The cause is named, not its consequences in every project."""
    played(book, rounds=0)
    monkeypatch.setenv("LABELLOOP_LABEL_STUDIO_TOKEN", "0" * 40)
    assert sum("Label Studio" in what for what in found(run, "fault")) == 1


def test_nothing_answers_and_everything_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """No trace, no hang: Redis, the ML backend and Label Studio each get their finding."""
    monkeypatch.setenv("LABELLOOP_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("LABELLOOP_WEBHOOK_SECRET", "")
    faults = " ".join(found(run, "fault"))
    for neighbour in ("Redis", "ML backend at", "Label Studio at", "credentials"):
        assert neighbour in faults


def test_a_missing_token_is_a_finding(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stops other commands at once does not stop the doctor."""
    monkeypatch.setenv("LABELLOOP_LABEL_STUDIO_TOKEN", "")
    assert "Label Studio cannot be asked." in found(run, "fault")


def test_a_broken_ledger_is_a_finding(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database does not answer."""
    monkeypatch.setenv("LABELLOOP_DATABASE_URL", "postgresql+psycopg://a:hidden@127.0.0.1:1/x")
    faults = " ".join(found(run, "fault"))
    assert "ledger" in faults
    assert "hidden" not in faults


def test_a_wrong_password_at_the_backend_is_found(
    run: Run, backend: StubBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ML backend answers, but takes other credentials."""
    monkeypatch.setenv("LABELLOOP_BACKEND_PASSWORD", "other")
    assert any("refuses our credentials" in what for what in found(run, "fault"))


def test_no_worker_is_a_fault_and_one_is_fine(run: Run, worker: Worker) -> None:
    """Without a worker nothing is learned, whatever people label."""
    assert "1 worker is alive." in found(run, "ok")
    worker.register_death()  # type: ignore[no-untyped-call]
    assert any(what.startswith("No worker") for what in found(run, "fault"))


def test_missing_artifacts_are_found(run: Run, book: Book) -> None:
    """A row whose files are gone is named."""
    view = played(book, rounds=1)
    connection = view.ledger.newest(Connection, 7)
    assert connection is not None
    shutil.rmtree(book.artifacts.path(connection.artifact))
    assert any(connection.artifact in what for what in found(run, "fault", "7"))


@pytest.mark.parametrize(("free", "level"), [(5 * 2**30, Level.OK), (2**29, Level.WARN), (2**20, Level.FAULT)])
def test_a_full_disk_is_found_in_time(monkeypatch: pytest.MonkeyPatch, free: int, level: Level) -> None:
    """Below 1 GiB a warning, below 100 MiB a fault."""

    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr("workers.checks.shutil.disk_usage", lambda _: Usage(free))
    assert checks.disk(Settings()).level is level


def test_a_project_that_is_not_connected_is_the_users_to_mend(run: Run) -> None:
    """A mistyped number is no finding."""
    assert run("doctor", "4711").status == 2
