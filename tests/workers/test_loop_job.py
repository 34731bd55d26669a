"""Whoever can write to Redis must not choose what our workers run."""

import inspect
from pathlib import Path

import pytest
from redis import Redis
from rq import Callback, Queue
from rq.serializers import DefaultSerializer, JSONSerializer
from rq.webhook import Webhook

from workers.jobs import loop
from workers.jobs.job_queue import BACKGROUND, QUEUE, Bell
from workers.jobs.job_status import failed_jobs, jobs_of
from workers.jobs.loop_job import JOBS, LoopJob
from workers.jobs.worker import open_worker


@pytest.fixture
def queue(redis: Redis) -> Queue:
    """Our queue as a stranger with a Redis client sees it."""
    return Queue(QUEUE, connection=redis, serializer=JSONSerializer)


def reasons(bell: Bell, *, background: bool = False) -> list[str]:
    """Let a worker work until the queue is empty, and return why jobs failed."""
    open_worker(bell.redis, background=background).work(burst=True, logging_level="ERROR")
    return [job.error for job in failed_jobs(bell)]


def test_every_job_of_the_loop_may_run() -> None:
    """The names are those of the page that holds the whole loop, and no others of it."""
    public = [name for name, found in inspect.getmembers(loop, inspect.isfunction) if found.__module__ == loop.__name__]
    assert sorted(name for name in public if not name.startswith("_")) == sorted(JOBS)


@pytest.mark.parametrize("background", [False, True])
def test_functions_of_others_are_refused_and_never_run(
    bell: Bell, redis: Redis, tmp_path: Path, background: bool
) -> None:
    """The system's shell, Python's own eval, a private function of the loop: failed, with a reason."""
    strange = Queue(BACKGROUND if background else QUEUE, connection=redis, serializer=JSONSerializer)
    seen = tmp_path / "it ran"
    strange.enqueue("os.system", f"touch '{seen}'")
    strange.enqueue("builtins.eval", f"open({str(seen)!r}, 'w')")
    strange.enqueue("eval", f"open({str(seen)!r}, 'w')")
    strange.enqueue("workers.jobs.loop._run", "x", 7, 8)
    told = reasons(bell, background=background)
    assert len(told) == 4
    assert all("Refused, not run" in reason and "no job of the loop" in reason for reason in told)
    assert sum("os.system" in reason for reason in told) == 1
    assert not seen.exists()
    assert strange.count == 0


class Trap:
    """Runs a command when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, (f"touch '{self.path}'",)


def test_a_pickle_is_never_opened(bell: Bell, redis: Redis, tmp_path: Path) -> None:
    """The data of a job is JSON: a pickle, which may run anything when it is read, is refused as it is."""
    seen = tmp_path / "it ran"
    strange = Queue(QUEUE, connection=redis, serializer=DefaultSerializer)
    strange.enqueue("workers.jobs.loop.collect", Trap(seen), meta={"share": Trap(seen)})
    (told,) = reasons(bell)
    assert "not JSON" in told
    assert not seen.exists()


def test_what_rq_would_call_besides_is_passed_over(bell: Bell, queue: Queue, tmp_path: Path) -> None:
    """Callbacks are functions of anybody's choice too, and so are the addresses of webhooks."""
    calls = {name: Callback("os.system") for name in ("on_success", "on_failure", "on_stopped")}
    hooks = [Webhook("http://127.0.0.1:9/", "failed")]
    made = queue.enqueue("workers.jobs.loop.collect", 7, webhooks=hooks, **calls)
    found = LoopJob.fetch(made.id, connection=bell.redis, serializer=JSONSerializer)
    assert (found.success_callback, found.failure_callback, found.stopped_callback, found.webhooks) == (
        None,
        None,
        None,
        [],
    )


@pytest.mark.parametrize("arguments", [({"a": 1},), ([7],), (None,), (1.5,)])
def test_jobs_take_ids_only(bell: Bell, queue: Queue, arguments: tuple[object, ...]) -> None:
    """A job of ours with other arguments is not ours."""
    queue.enqueue("workers.jobs.loop.collect", *arguments)
    (told,) = reasons(bell)
    assert "takes ids only" in told


def test_a_stranger_in_the_queue_stops_neither_the_worker_nor_the_status(
    bell: Bell, queue: Queue, redis: Redis
) -> None:
    """The jobs behind it are done, nothing is tried again, and what `status` reads can be read."""
    queue.enqueue("os.getpid", job_id="tune-7-odd")
    redis.hset("rq:job:broken-7", mapping={"data": b"\x80\x04not even compressed", "status": "queued", "origin": QUEUE})
    redis.rpush(queue.key, "broken-7")
    bell.enqueue("collect", 4711)
    reasons(bell)
    assert queue.count == 0
    jobs = jobs_of(bell, 7)
    assert {job.job for job in jobs.failed} == {"tune-7-odd", "broken-7"}
    assert (jobs.waiting, jobs.tuning) == ((), ())


@pytest.mark.parametrize("background", [False, True])
def test_a_job_whose_first_worker_was_killed_ends_well_with_the_next(
    bell: Bell, redis: Redis, monkeypatch: pytest.MonkeyPatch, background: bool
) -> None:
    """What is known of the first time vanishes before its name does; that is no reason to run the job again."""
    monkeypatch.setattr(loop, "tune" if background else "publish", lambda *_: None)
    queue = bell.background if background else bell.queue
    bell.enqueue_tuning(7, 1, "late", seconds=1) if background else bell.enqueue("publish", 7)
    (name,) = queue.job_ids
    job = queue.fetch_job(name)
    assert job is not None
    gone = open_worker(redis, background=background).prepare_execution(job)
    redis.delete(gone.key)

    assert reasons(bell, background=background) == []
    assert queue.fetch_job(name) is None
