"""`doctor` finds what is wrong and says what to do."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from rq import Worker
from rq.serializers import JSONSerializer

from labelloop.domain.records import Connection
from labelloop.finding import Level
from labelloop.settings import Settings
from labelloop.stores.book import Book
from sync.api.client import LabelStudio
from tests.cli.conftest import CONFIG, Run
from tests.cli.loop import played
from tests.sync.stub_backend import StubBackend
from workers.admin import health_checks as checks
from workers.jobs.job_queue import QUEUE
from workers.jobs.open_stores import open_bell
from workers.jobs.signs_of_life import Unloadable, tell_unloadable


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


def test_the_doctor_only_reads(
    run: Run,
    client: LabelStudio,
    project: int,
    backend: StubBackend,
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may be run by whoever may look, at any time: neither Label Studio nor the ML backend is asked to change."""
    run("connect", str(project))
    sent: list[tuple[str, str]] = []
    sound = httpx.HTTPTransport.handle_request

    def record(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        sent.append((request.method, request.url.path))
        return sound(self, request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", record)
    assert run("doctor", str(project)).status == 0
    assert {method for method, _ in sent} == {"GET"}
    assert {f"/api/projects/{project}/", "/api/webhooks/", f"/webhook/{project}"} <= {path for _, path in sent}


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
    monkeypatch.setenv("LABELLOOP_PAGES_SERVICE_URL", "http://127.0.0.1:1")
    faults = " ".join(found(run, "fault"))
    for neighbour in ("Redis", "ML backend at", "makes the pages, at", "Label Studio at", "credentials"):
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


def test_pages_of_a_process_of_their_own_are_looked_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is none the ML backend makes them, and nothing is said."""
    assert not any("makes the pages" in what for what in found(run, "ok"))
    with StubBackend("") as pages:
        monkeypatch.setenv("LABELLOOP_PAGES_SERVICE_URL", pages.url)
        assert f"The process that makes the pages answers at {pages.url}." in found(run, "ok")


def test_no_worker_is_a_fault_and_one_is_fine(run: Run, worker: Worker) -> None:
    """Without a worker nothing is learned, whatever people label."""
    assert "1 worker is alive." in found(run, "ok")
    worker.register_death()  # type: ignore[no-untyped-call]
    assert any(what.startswith("No worker") for what in found(run, "fault"))


def test_a_worker_whose_heart_stopped_is_dead_though_it_is_on_the_list(run: Run, worker: Worker) -> None:
    """A killed worker says no good-bye, and Redis keeps its name for a while."""
    stopped = datetime.now(UTC) - timedelta(seconds=40)
    worker.connection.hset(worker.key, "last_heartbeat", stopped.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    assert any(what.startswith("No worker") for what in found(run, "fault"))


def test_a_dead_background_worker_is_found_and_is_a_fault_once_a_fit_waits_for_it(run: Run, book: Book) -> None:
    """Nobody else fits slow learners, and nothing else shows that they are missing."""
    assert any(what.startswith("No background worker") for what in found(run, "warn"))
    open_bell(Settings()).enqueue_tuning(7, 1, "contrastive", seconds=60)
    (fault,) = [what for what in found(run, "fault") if "background" in what]
    assert fault.endswith("are not fitted: 1 fit waits.")


def test_a_dead_reconcile_is_found(run: Run, book: Book) -> None:
    """It leaves a sign of life at each look, which goes when it does."""
    assert any(what.startswith("No `reconcile`") for what in found(run, "warn"))
    assert run("reconcile").status == 0
    assert any(what.startswith("`reconcile` looks") for what in found(run, "ok"))


def test_a_failed_job_of_a_project_that_left_the_loop_is_not_shown(run: Run, book: Book) -> None:
    """Nobody can do anything about it, and it hides what matters."""
    view = played(book, rounds=1)
    bell = open_bell(Settings())
    bell.enqueue("publish", 7)
    job = bell.queue.fetch_job("publish-7")
    assert job is not None
    bell.queue.failed_job_registry.add(job, ttl=60, exc_string="the disk was full")
    assert any("publish-7" in what for what in found(run, "warn"))
    assert "publish-7" in run("status", "7").out
    left = replace(view.state.connection, active=False, artifact="", created_at=datetime.now(UTC))
    book.record(left, "connection-2")
    assert not any("publish-7" in what for what in found(run, "warn"))
    assert "publish-7" not in run("status", "7").out


def test_a_version_that_cannot_be_loaded_is_found_by_doctor_and_told_by_status(run: Run, book: Book) -> None:
    """The ML backend says so where both can read it, until it can load the version."""
    view = played(book, rounds=1)
    version = view.state.looped.deployed_version
    redis = open_bell(Settings()).redis
    tell_unloadable(redis, 7, Unloadable(version, "head.safetensors is damaged"))
    assert any(f"cannot load {version}" in what for what in found(run, "fault"))
    assert f"{version} is deployed, but the ML backend cannot load it: head.safetensors" in run("status", "7").out
    tell_unloadable(redis, 7, None)
    assert not any("cannot load" in what for what in found(run, "fault"))


def test_a_deleted_project_is_told_to_disconnect(
    run: Run, client: LabelStudio, backend: StubBackend, worker: Worker
) -> None:
    """Label Studio tells nobody when a project is deleted."""
    made = client.create_project("gone", CONFIG)
    assert run("connect", str(made.id)).status == 0
    client.sdk.projects.delete(made.id)
    told = run("doctor", str(made.id))
    assert told.status == 1
    assert f"labelloop disconnect {made.id}" in told.out
    assert told.out.count("✗") == 1


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

    monkeypatch.setattr("workers.admin.health_checks.shutil.disk_usage", lambda _: Usage(free))
    assert checks.disk(Settings()).level is level


def test_a_project_that_is_not_connected_is_the_users_to_mend(run: Run) -> None:
    """A mistyped number is no finding."""
    assert run("doctor", "4711").status == 2
