"""Hearing at once that something was deployed, if Redis is there; else waiting as long as one would anyway."""

import time
from threading import Event

import structlog
from redis import Redis
from redis.client import PubSub
from redis.exceptions import RedisError

from workers.jobs.job_queue import CHANNEL

LOOK_UP_S = 0.5
log = structlog.get_logger()


class Announcements:
    """Listens to the channel that the workers announce deployments on; used by one thread."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._heard: PubSub | None = None

    def wait(self, seconds: float, stop: Event) -> None:
        """Return at the next announcement, after so many seconds, or soon after `stop` is set.

        That it is heard now is an announcement too: what was deployed before has been announced to nobody here.
        """
        deadline = time.monotonic() + seconds
        try:
            while not stop.is_set() and (left := deadline - time.monotonic()) > 0:
                if self._channel().get_message(timeout=min(left, LOOK_UP_S)):
                    return
        except (RedisError, OSError) as error:
            if self._heard is not None:
                log.warning("announcements_lost", error=type(error).__name__, instead=f"looking every {seconds} s")
            self.close()
            stop.wait(deadline - time.monotonic())

    def _channel(self) -> PubSub:
        """Return the subscription, made on first use and after each loss."""
        if self._heard is None:
            heard: PubSub = self._redis.pubsub()  # type: ignore[no-untyped-call]
            heard.subscribe(CHANNEL)
            self._heard = heard
        return self._heard

    def close(self) -> None:
        """Stop listening."""
        if self._heard is not None:
            self._heard.close()
        self._heard = None
