"""What is in the job queue for a project, and why jobs have failed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker

from workers.jobs.job_queue import Bell
from workers.jobs.loop_job import LoopJob

LONGEST_PAUSE = timedelta(seconds=30)
"""A worker that lives is heard of every five seconds."""
SHARE = "share"
"""Where a job keeps how much of it is done."""


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that used up its retries; `error` is the last line it left."""

    job: str
    error: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker that is alive: its host, whether it fits slow learners, and the job it is at, empty where it waits."""

    host: str
    background: bool
    job: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Tuning:
    """A slow learner in the background queue, for the round it was queued for.

    `state` is `running`, `queued` or `waiting`; `share` says how much is done, in [0, 1], None before it has told.
    """

    learner: str
    round: int
    state: str
    share: float | None


@dataclass(frozen=True, slots=True)
class Jobs:
    """Jobs of a project, or of several, by name.

    `waiting` holds those that failed and will be tried again after a pause; `tuning` says more of those that fit slow
    learners.
    """

    queued: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    failed: tuple[FailedJob, ...] = ()
    tuning: tuple[Tuning, ...] = ()


def project_of(job: str) -> int | None:
    """Return the project a job is for, from its name; None for a job that is not ours.

    >>> project_of("fit-12-3")
    12
    """
    parts = job.split("-")
    return int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else None


def round_of(job: str) -> int | None:
    """Return the round a job is for, from its name; None for a job that is for the project as a whole.

    >>> round_of("fit-12-3")
    3
    """
    parts = job.split("-")
    return int(parts[2]) if len(parts) > 2 and parts[2].isdecimal() else None


def jobs_of(bell: Bell, *projects: int) -> Jobs:
    """Return what is queued, running, waiting and failed for these projects; raises redis.RedisError."""

    def mine(jobs: Iterable[list[str]]) -> tuple[str, ...]:
        return tuple(sorted(job for some in jobs for job in some if project_of(job) in projects))

    queued = mine(queue.get_job_ids() for queue in bell.queues)
    running = mine(queue.started_job_registry.get_job_ids(cleanup=False) for queue in bell.queues)
    waiting = mine(queue.scheduled_job_registry.get_job_ids(cleanup=False) for queue in bell.queues)
    return Jobs(
        queued=queued,
        running=running,
        waiting=waiting,
        failed=tuple(job for job in failed_jobs(bell) if project_of(job.job) in projects),
        tuning=tuple(_tunings(bell, {"running": running, "queued": queued, "waiting": waiting})),
    )


def failed_jobs(bell: Bell) -> list[FailedJob]:
    """Return every job that failed for good, oldest first; raises redis.RedisError."""
    names = [name for queue in bell.queues for name in queue.failed_job_registry.get_job_ids(cleanup=False)]
    found = LoopJob.fetch_many(names, connection=bell.redis, serializer=JSONSerializer)
    return [FailedJob(job.id, _last_line(job), _utc(job.ended_at)) for job in found if job]


def workers_alive(bell: Bell, *, background: bool = False) -> int:
    """Return how many workers look after our queue (with `background`, the other one) now; raises redis.RedisError.

    RQ keeps a killed worker on its list for a minute longer; its heart has then not beaten for a while.
    """
    return len(_alive(bell.background if background else bell.queue))


def worker_rows(bell: Bell) -> list[WorkerRow]:
    """Return every worker that is alive, those of slow learners last; raises redis.RedisError."""
    return [
        WorkerRow(worker.hostname or "", queue is bell.background, _current(worker), _utc(worker.birth_date))
        for queue in bell.queues
        for worker in _alive(queue)
    ]


def _current(worker: BaseWorker) -> str:
    return next((execution.job_id for execution in worker.get_current_executions()), "")


def _alive(queue: Queue) -> list[BaseWorker]:
    found = Worker.all(connection=queue.connection, queue=queue)
    return [one for one in found if (beat := _utc(one.last_heartbeat)) and datetime.now(UTC) - beat < LONGEST_PAUSE]


def _tunings(bell: Bell, states: Mapping[str, Iterable[str]]) -> Iterator[Tuning]:
    for state, names in states.items():
        ours = [name for name in names if name.startswith("tune-")]
        for job in LoopJob.fetch_many(ours, connection=bell.redis, serializer=JSONSerializer):
            match job.args if job else ():
                case [_, int() as number, str() as spec] if job:
                    yield Tuning(spec, number, state, job.meta.get(SHARE))


def _last_line(job: Job) -> str:
    result = job.latest_result()
    lines = ((result and result.exc_string) or "").strip().splitlines()
    return lines[-1].strip() if lines else "the worker died while it ran"


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
