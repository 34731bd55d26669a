"""`serve`, `worker` and `reconcile`: they start in any order, and do their work as real processes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from labelloop.errors import NeighbourError, UserError
from labelloop.settings import Settings
from labelloop.stores.book import Book
from tests.cli.conftest import Run
from tests.cli.loop import played
from workers.cli.wait_for_services import wait_for_neighbours
from workers.jobs.open_stores import open_bell
from workers.local.processes import free_port
from workers.local.redis import RunningRedis, start_redis

LABELLOOP = Path(sys.executable).with_name("labelloop")


def test_a_service_waits_for_a_redis_that_comes_later(data_dir: Path, tmp_path: Path) -> None:
    """Containers start in any order: the first try fails, Redis comes up in the pause, the second succeeds."""
    started: list[RunningRedis] = []

    def pause(_: float) -> None:
        started.append(start_redis(tmp_path / "late"))

    try:
        wait_for_neighbours(Settings(redis_url=f"unix://{tmp_path / 'late' / 'valkey.sock'}"), sleep=pause)
    finally:
        for redis in started:
            redis.process.stop()
    assert len(started) == 1


def test_patience_ends_with_the_reason(data_dir: Path) -> None:
    """A neighbour that never comes is an error that names it."""
    with pytest.raises(NeighbourError, match="Redis does not answer"):
        wait_for_neighbours(Settings(redis_url="redis://127.0.0.1:1/0"), patience_s=0.0, sleep=abs)
    absent = Settings(database_url="postgresql+psycopg://127.0.0.1:1/x")
    with pytest.raises(NeighbourError, match="ledger"):
        wait_for_neighbours(absent, patience_s=0.0, sleep=abs)
    with pytest.raises(UserError, match="LABELLOOP_REDIS_URL"):
        wait_for_neighbours(Settings(redis_url="nonsense"))


def test_serve_answers_until_it_is_told_to_stop(data_dir: Path) -> None:
    """The process that was started is the server itself, so a signal reaches it, and it ends with 0."""
    port = free_port(0)
    env = os.environ | {"LABELLOOP_PORT": str(port)}
    process = subprocess.Popen([LABELLOOP, "serve"], env=env, stderr=subprocess.PIPE)
    try:
        assert _answer(port, process)["status"] == "UP"
        assert httpx.get(f"http://127.0.0.1:{port}/versions").status_code == 401
    finally:
        process.terminate()
        _, told = process.communicate(timeout=30)
    assert process.returncode == 0, told


def test_worker_in_a_burst_empties_the_queue(data_dir: Path, book: Book) -> None:
    """A real worker takes what was rung for; a project that is not connected costs nothing."""
    bell = open_bell(Settings())
    bell.ring(4711)
    done = subprocess.run([LABELLOOP, "worker", "--burst"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "job_dropped" in done.stderr
    assert (bell.queue.job_ids, bell.queue.failed_job_registry.get_job_ids()) == ([], [])


def test_reconcile_rings_for_every_connected_project(run: Run, book: Book) -> None:
    """One look by hand says for which projects it rang."""
    played(book, 7, rounds=0)
    assert "7" in run("reconcile").out
    assert open_bell(Settings()).queue.job_ids == ["collect-7"]


def _answer(port: int, process: subprocess.Popen[bytes]) -> dict[str, str]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            found: dict[str, str] = httpx.get(f"http://127.0.0.1:{port}/health", timeout=1).json()
        except httpx.HTTPError:
            continue
        return found
    raise AssertionError("the ML backend did not come up")
