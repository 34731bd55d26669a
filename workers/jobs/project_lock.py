"""One project runs one job at a time, over any number of workers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from redis import Redis
from redis.exceptions import LockError, RedisError

from labelloop.errors import NeighbourError

TTL_S = 20.0
RENEW_S = 5.0
# A collection that got in between is over in seconds; the lock of a killed worker is free again after `TTL_S`.
PATIENCE_S = 30.0


class ProjectBusy(NeighbourError):
    """Another job works on the project."""


def is_held(redis: Redis, project_id: int) -> bool:
    """Return whether some process works on the project now."""
    return bool(redis.exists(_name(project_id)))


@contextmanager
def held_project(redis: Redis, project_id: int, *, wait_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold the project while the block runs; raises ProjectBusy if another process keeps it for `wait_s`."""
    with project_lock(redis, project_id, wait_s=wait_s) as mine:
        if not mine:
            raise ProjectBusy(f"Project {project_id} is busy with another job: try again in a minute.")
        yield


@contextmanager
def project_lock(redis: Redis, project_id: int, *, wait_s: float = 0.0) -> Iterator[bool]:
    """Hold the project while the block runs; yields False, holding nothing, if another process has it for `wait_s`.

    The lock of a process that dies is free again after 20 seconds. It saves work; what must not happen twice is
    decided by the ledger's UNIQUE constraints, so a flushed Redis does no harm.
    """
    lock = redis.lock(_name(project_id), timeout=TTL_S, thread_local=False)
    if not lock.acquire(blocking=wait_s > 0, blocking_timeout=wait_s):
        yield False
        return
    done = threading.Event()

    def renew() -> None:
        while not done.wait(RENEW_S):
            try:
                lock.extend(TTL_S, replace_ttl=True)
            except (LockError, RedisError):
                continue

    keeper = threading.Thread(target=renew, name="lock-keeper", daemon=True)
    keeper.start()
    try:
        yield True
    finally:
        done.set()
        keeper.join()
        with suppress(LockError, RedisError):
            lock.release()


def _name(project_id: int) -> str:
    return f"labelloop:lock:{project_id}"
