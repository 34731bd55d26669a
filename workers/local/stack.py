"""Several services on this machine as one: started in order, kept alive, stopped in reverse order."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Protocol, Self, TypeVar

import structlog

from labelloop.errors import NeighbourError
from workers.local.processes import Process

RESTARTS_IN_A_ROW = 5
HEALTHY_AFTER_S = 60.0
FIRST_DELAY_S = 1.0
POLL_S = 0.5

log = structlog.get_logger()


class Service(Protocol):
    """A service on this machine that knows more of itself than its process."""

    @property
    def process(self) -> Process:
        """Return the process it runs in."""
        ...


Running = TypeVar("Running", bound=Process | Service)


@dataclass
class _Supervised:
    start: Callable[[], Process | Service]
    process: Process
    started_at: float
    restarts: int = 0
    retry_at: float | None = None


class Stack:
    """Services that live as long as the `with` block; SIGTERM leaves the block like Ctrl-C does. Main thread only."""

    def __init__(self) -> None:
        self._services: list[_Supervised] = []

    def __enter__(self) -> Self:
        self._handler_before = signal.signal(signal.SIGTERM, _leave)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all services, the newest first; an impatient second Ctrl-C waits until that is done."""
        interrupt_before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            while self._services:
                self._services.pop().process.stop()
        finally:
            signal.signal(signal.SIGINT, interrupt_before)
            signal.signal(signal.SIGTERM, self._handler_before)

    def start(self, start: Callable[[], Running]) -> Running:
        """Start a service and keep it alive from now on: when it dies, `start` is called again."""
        running = start()
        self._services.append(_Supervised(start, _process(running), time.monotonic()))
        return running

    def repair(self) -> None:
        """Restart what has died, each time after a longer delay; call it often.

        Raises NeighbourError with the end of the log when a service keeps dying.
        """
        for service in self._services:
            if not service.process.alive:
                _restart(service, time.monotonic())

    def watch(self) -> None:
        """Repair until the process is told to end (KeyboardInterrupt, SystemExit)."""
        while True:
            self.repair()
            time.sleep(POLL_S)


def _restart(service: _Supervised, now: float) -> None:
    """Plan the restart of a service that was just found dead, or restart it if its time has come."""
    dead = service.process
    if service.retry_at is None:
        service.restarts = 0 if now - service.started_at > HEALTHY_AFTER_S else service.restarts
        if service.restarts == RESTARTS_IN_A_ROW:
            raise NeighbourError(f"{dead.name} keeps ending. The end of {dead.log}:\n{dead.log_tail()}")
        service.retry_at = now + FIRST_DELAY_S * 2**service.restarts
        log.warning("service.died", service=dead.name, status=dead.handle.returncode, log=str(dead.log))
    elif now >= service.retry_at:
        service.restarts += 1
        service.retry_at = None
        service.started_at = now
        service.process = _process(service.start())
        log.warning("service.restarted", service=dead.name, restarts=service.restarts)


def _process(running: Process | Service) -> Process:
    return running if isinstance(running, Process) else running.process


def _leave(number: int, _: FrameType | None) -> None:
    """Turn SIGTERM into an ordinary exit, so that `with` blocks end properly."""
    raise SystemExit(128 + number)
