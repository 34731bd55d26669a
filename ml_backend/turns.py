"""Requests take turns, so that those of one kind leave threads free for all else."""

from threading import BoundedSemaphore


class Turns:
    """Lets `at_once` requests be answered at a time; `may_wait` more wait, each up to `wait_s` seconds, for one."""

    def __init__(self, at_once: int, *, may_wait: int, wait_s: float) -> None:
        self._free, self._may_wait, self._wait_s = BoundedSemaphore(at_once), BoundedSemaphore(may_wait), wait_s

    def take(self) -> bool:
        """Take a turn; return False where there is none to be had in time."""
        return self._free.acquire(blocking=False) or self._waited()

    def give_back(self) -> None:
        """End a turn that was taken."""
        self._free.release()

    def _waited(self) -> bool:
        if not self._may_wait.acquire(blocking=False):
            return False
        try:
            return self._free.acquire(timeout=self._wait_s)
        finally:
            self._may_wait.release()
