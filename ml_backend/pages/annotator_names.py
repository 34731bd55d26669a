"""What annotators are called: asked of Label Studio behind the pages, kept in memory for a while, and nowhere else."""

import time
from collections.abc import Callable, Mapping
from threading import Lock, Thread

import structlog

from labelloop.errors import LabelLoopError
from labelloop.settings import Settings

FRESH_S = 600.0
PATIENCE_S = 1.5
"""How long the first look waits for names; later ones wait for nothing."""
log = structlog.get_logger()


class AnnotatorNames:
    """The newest names by number; safe among threads, of which at most one asks.

    Where Label Studio does not answer the names that are known stay, and it is asked again ten minutes later.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._lock = Lock()
        self._names: Mapping[int, str] = {}
        self._asked: float | None = None

    @property
    def known(self) -> Mapping[int, str]:
        """Return the names, as far as they are known; raises nothing."""
        with self._lock:
            is_first, due = self._asked is None, self._asked is None or self._clock() - self._asked > FRESH_S
            if due:
                self._asked = self._clock()
        if due:
            asking = Thread(target=self._ask, name="labelloop-names", daemon=True)
            asking.start()
            if is_first:
                asking.join(PATIENCE_S)
        return self._names

    def _ask(self) -> None:
        try:
            self._names = _names(self._settings)
        except LabelLoopError as error:
            log.warning("names_unknown", error=type(error).__name__)
        except Exception:
            log.exception("names_failed")


def _names(settings: Settings) -> dict[int, str]:
    from sync.api.client import LabelStudio  # with the SDK, which takes a second
    from sync.people_names import people_names

    url, token = settings.label_studio_url, settings.label_studio_token.get_secret_value()
    with LabelStudio(url, token, timeout_s=15.0, attempts=1, ca_bundle=settings.ca_bundle) as client:
        return people_names(client)
