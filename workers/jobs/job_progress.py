"""How far the job at hand is, told to whoever asks the queue, and to the log now and then."""

import time
from contextlib import suppress

import structlog
from redis.exceptions import RedisError
from rq.job import Job

from workers.jobs.job_status import SHARE

TELL_EVERY_S, LOG_EVERY_S = 2.0, 60.0

log = structlog.get_logger()


class JobProgress:
    """Takes the share that is done, in [0, 1], as often as a learner likes to tell it."""

    def __init__(self, job: Job | None) -> None:
        self._job, self._told, self._logged = job, 0.0, time.monotonic()

    def __call__(self, share: float) -> None:
        """Keep the share with the job, at most every two seconds; a queue that does not answer stops no fit."""
        now = time.monotonic()
        if now - self._logged >= LOG_EVERY_S:
            self._logged = now
            log.info("tuning", share=round(share, 2))
        if self._job is not None and (now - self._told >= TELL_EVERY_S or share >= 1):
            self._told = now
            self._job.meta[SHARE] = round(share, 3)
            with suppress(RedisError):
                self._job.save_meta()  # type: ignore[no-untyped-call]
