"""The bell and the job queues: jobs are named, carry ids only, and each stands in a queue at most once."""

import hashlib
import re
from datetime import UTC, datetime, timedelta

from redis import Redis
from rq import Queue, Retry
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from workers.jobs.loop_job import MODULE, LoopJob

QUEUE = "labelloop"
BACKGROUND = "labelloop-background"
BACK_OFF = (1, 3, 6, 12, 24)
"""After which multiples of the first delay a failed job is tried again."""
REST_AFTER_FAILURE = timedelta(minutes=5)
CHANNEL = "labelloop:deployed"


class Bell:
    """Asks the workers to look at a project."""

    def __init__(self, redis: Redis, *, job_timeout_s: int = 3600, retry_s: int = 5) -> None:
        self.redis, self._job_timeout_s = redis, job_timeout_s
        self._back_off_s = [retry_s * times for times in BACK_OFF]
        self.queue, self.background = (
            Queue(
                name,
                connection=redis,
                serializer=JSONSerializer,
                job_class=LoopJob,
                default_timeout=job_timeout_s,
            )
            for name in (QUEUE, BACKGROUND)
        )

    @property
    def queues(self) -> tuple[Queue, Queue]:
        """Return the queue that people wait for, and that of what may come late."""
        return self.queue, self.background

    def ring(self, project_id: int, *, close: bool = False) -> bool:
        """Ask for the project's annotations to be collected (and, with `close`, a round to be closed at once).

        Rings that come while one waits count once. A ring that comes while the project is being collected is answered
        by a second collection after it.
        """
        if close:
            self.want_close(project_id)
        self.redis.set(f"labelloop:bell:{project_id}", 1)
        if self.enqueue("collect", project_id):
            return True
        return self._runs(f"collect-{project_id}") and self.enqueue("collect", project_id, slot="again")

    def rung(self, project_id: int) -> None:
        """Take back the mark of the last ring: it is being answered."""
        self.redis.delete(f"labelloop:bell:{project_id}")

    def is_rung(self, project_id: int) -> bool:
        """Return whether a ring waits for an answer."""
        return bool(self.redis.exists(f"labelloop:bell:{project_id}"))

    def want_close(self, project_id: int) -> None:
        """Wish that the next collection closes a round at once."""
        self.redis.set(f"labelloop:close:{project_id}", 1)

    def close_wanted(self, project_id: int) -> bool:
        """Return whether somebody wishes that a round is closed at once."""
        return bool(self.redis.exists(f"labelloop:close:{project_id}"))

    def close_answered(self, project_id: int) -> None:
        """Take back the wish to close a round at once: it has been granted, or there was nothing to close."""
        self.redis.delete(f"labelloop:close:{project_id}")

    def enqueue(self, job: str, project_id: int, *ids: int, slot: str = "") -> bool:
        """Put a job of `workers.jobs.loop` into the queue; return False if it already waits or runs.

        Jobs of the same name and ids in different slots may stand in the queue beside each other.
        """
        name = "-".join(map(str, (job, project_id, *ids, *filter(None, [slot]))))
        return self._put(self.queue, name, job, (project_id, *ids))

    def enqueue_chunk(self, project_id: int, certificate: int, number: int, field: str = "") -> bool:
        """Put the prediction of a chunk of the pool by a field's certified version into the queue.

        `field` is empty where the project loops no other. Returns False if the job already waits or runs.
        """
        name = "-".join(map(str, ("predict", project_id, certificate, number, *((_digest(field),) if field else ()))))
        return self._put(self.queue, name, "predict", (project_id, certificate, number, *((field,) if field else ())))

    def enqueue_asked(self, job: str, project_id: int, *arguments: int | str) -> bool:
        """Put a job that a person asks for into the queue, also where it has just failed for good.

        A project has one of each kind, whatever its arguments: return False if it already waits or runs.
        """
        name = f"{job}-{project_id}"
        before = self._job(name)
        if before and before.get_status(refresh=False) is JobStatus.FAILED:
            before.delete()
        return self._put(self.queue, name, job, (project_id, *arguments))

    def enqueue_tuning(self, project_id: int, number: int, spec: str, *, field: str = "", seconds: float) -> bool:
        """Put the fit of a slow learner, which ends by itself after so many seconds, into the background queue.

        A learner of a project's field stands there once, whatever the round: return False if it already does. `field`
        is empty where the project loops no other.
        """
        timeout_s = round(seconds) + self._job_timeout_s  # encoding, saving and storing take their time too
        name = "-".join(("tune", str(project_id), _slug(spec), *((_digest(field),) if field else ())))
        arguments = (project_id, number, spec, *((field,) if field else ()))
        return self._put(self.background, name, "tune", arguments, timeout_s)

    def _put(
        self, queue: Queue, name: str, job: str, arguments: tuple[int | str, ...], timeout_s: int | None = None
    ) -> bool:
        self._forget_if_rested(name)
        try:
            queue.enqueue(
                f"{MODULE}.{job}",
                args=arguments,
                job_id=name,
                job_timeout=timeout_s,
                unique=True,
                retry=Retry(max=len(self._back_off_s), interval=self._back_off_s),
                result_ttl=0,
                failure_ttl=7 * 24 * 3600,
            )
        except DuplicateJobError:
            return False
        return True

    def _forget_if_rested(self, name: str) -> None:
        # A job that used up its retries stays visible as failed; after a rest it may be tried anew.
        job = self._job(name)
        status = job.get_status(refresh=False) if job else None
        if job and (status is JobStatus.FINISHED or (status is JobStatus.FAILED and _long_ago(job.ended_at))):
            job.delete()

    def _runs(self, name: str) -> bool:
        job = self._job(name)
        return job is not None and job.get_status(refresh=False) is JobStatus.STARTED

    def _job(self, name: str) -> Job | None:
        try:
            return LoopJob.fetch(name, connection=self.redis, serializer=JSONSerializer)
        except NoSuchJobError:
            return None

    def retry(self, name: str) -> bool:
        """Put a job that failed for good back into its queue; return False if no such job has failed."""
        for queue in self.queues:
            try:
                queue.failed_job_registry.requeue(name)
            except (InvalidJobOperation, NoSuchJobError, ValueError):  # the last of no name that a job can have
                continue
            return True
        return False

    def announce(self, project_id: int) -> None:
        """Tell every serving process that what is deployed has changed."""
        self.redis.publish(CHANNEL, str(project_id))


def _slug(spec: str) -> str:
    # a job's name may hold letters, digits, dashes and underscores only, and a recipe any argument
    name = spec.partition(":")[0]
    plain = name == spec and re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name)
    return name if plain else f"recipe-{_digest(spec)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _long_ago(moment: datetime | None) -> bool:
    if moment is None:
        return True
    return datetime.now(UTC) - moment.astimezone(UTC) > REST_AFTER_FAILURE
