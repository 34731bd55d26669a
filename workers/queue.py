"""The bell and the job queue: jobs are named, carry ids only, and each stands in the queue at most once."""

from datetime import UTC, datetime, timedelta

from redis import Redis
from rq import Queue, Retry
from rq.exceptions import DuplicateJobError, NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

QUEUE = "labelloop"
BACK_OFF_S = [5, 15, 30, 60, 120]
REST_AFTER_FAILURE = timedelta(minutes=5)
CHANNEL = "labelloop:deployed"


class Bell:
    """Asks the workers to look at a project."""

    def __init__(self, redis: Redis, *, job_timeout_s: int = 3600) -> None:
        self.redis = redis
        self.queue = Queue(QUEUE, connection=redis, serializer=JSONSerializer, default_timeout=job_timeout_s)

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
        """Put a job of `workers.jobs` into the queue; return False if it already waits or runs.

        Jobs of the same name and ids in different slots may stand in the queue beside each other.
        """
        name = "-".join(map(str, (job, project_id, *ids, *filter(None, [slot]))))
        self._forget_if_rested(name)
        try:
            self.queue.enqueue(
                f"workers.jobs.{job}",
                args=(project_id, *ids),
                job_id=name,
                unique=True,
                retry=Retry(max=len(BACK_OFF_S), interval=BACK_OFF_S),
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
            return Job.fetch(name, connection=self.redis, serializer=JSONSerializer)
        except NoSuchJobError:
            return None

    def announce(self, project_id: int) -> None:
        """Tell every serving process that what is deployed has changed."""
        self.redis.publish(CHANNEL, str(project_id))


def _long_ago(moment: datetime | None) -> bool:
    if moment is None:
        return True
    return datetime.now(UTC) - moment.astimezone(UTC) > REST_AFTER_FAILURE
