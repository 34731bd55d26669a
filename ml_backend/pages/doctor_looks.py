"""What `labelloop doctor` finds, looked for behind the pages: a look takes seconds, and longest where most is wrong."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock, Thread

import structlog

from labelloop.errors import LabelLoopError
from labelloop.finding import Finding, Level
from labelloop.settings import Settings

FRESH_S = 60.0
SHARE_OF_TIME = 0.1
"""How much of the time looks may take while somebody has the page open."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Look:
    """What was found at a moment, and how many seconds that took."""

    at: datetime
    found: tuple[Finding, ...]
    seconds: float = 0.0

    @property
    def worst_first(self) -> list[Finding]:
        """Return what is wrong, faults before warnings."""
        return [one for level in (Level.FAULT, Level.WARN) for one in self.found if one.level is level]

    @property
    def fine(self) -> list[Finding]:
        """Return the checks that found nothing wrong."""
        return [one for one in self.found if one.level is Level.OK]


class DoctorLooks:
    """The newest look; safe among threads, of which at most one looks."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._lock = Lock()
        self._looking = False
        self._kept: tuple[Look, float] | None = None

    @property
    def newest(self) -> Look | None:
        """Return the newest look, None before the first has ended; one that is a minute old is followed by another."""
        kept = self._kept
        if kept is None or self._clock() - kept[1] > max(FRESH_S, kept[0].seconds / SHARE_OF_TIME):
            self.look()
        return kept[0] if kept else None

    def look(self) -> None:
        """Begin to look, unless that is being done."""
        with self._lock:
            if self._looking:
                return
            self._looking = True
        Thread(target=self._look, name="labelloop-doctor", daemon=True).start()

    def _look(self) -> None:
        began = self._clock()
        try:
            found = _examine(self._settings)
            self._kept = Look(datetime.now(UTC), found, self._clock() - began), self._clock()
        finally:
            with self._lock:
                self._looking = False


def _examine(settings: Settings) -> tuple[Finding, ...]:
    from workers.admin.doctor import examine

    try:
        return tuple(examine(settings))
    except LabelLoopError as error:
        return (Finding(Level.FAULT, str(error)),)
    except Exception:
        log.exception("doctor_failed")
        return (Finding(Level.FAULT, "The doctor itself failed.", "See the ML backend's log."),)
