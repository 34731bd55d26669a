"""Plans of attempts to certify, computed behind the pages: models predict for one, which takes seconds."""

import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import structlog

from labelloop.domain.certify_plan import CertifyPlan
from labelloop.learners.base import ModelContext
from labelloop.state.load import load
from labelloop.stores.book import Book

if TYPE_CHECKING:
    from workers.admin.start_attempt import Wish  # with scipy: a service that only predicts does without

FRESH_S = 300.0
WAIT_S = 2.0
"""How long a look waits for a plan, before it says that one is being made."""
MOST = 32
"""How many plans are kept."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a plan is of: the wish, and the versions that serve."""

    project: int
    wish: "Wish"
    versions: str


class CertifyPlans:
    """The newest plans, safe among threads; one is made at a time, and kept for five minutes.

    `models` returns what models may use that were fitted with the encoder of that name.
    """

    def __init__(
        self, book: Book, models: Callable[[str], ModelContext], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._book, self._models, self._clock = book, models, clock
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(1, "labelloop-plans")
        self._kept: dict[_Asked, tuple[Future[CertifyPlan], float]] = {}

    def of(self, project: int, wish: "Wish") -> CertifyPlan | None:
        """Return the plan, None while it is being made; raises errors of ours as planning does."""
        asked = _Asked(project, wish, load(self._book, project).deployed_versions)
        with self._lock:
            kept = self._kept.get(asked)
            if kept is None or self._clock() - kept[1] > FRESH_S:
                while len(self._kept) >= MOST:
                    self._kept.pop(next(iter(self._kept)))[0].cancel()
                kept = self._kept[asked] = self._pool.submit(self._plan, project, wish), self._clock()
        try:
            return kept[0].result(WAIT_S)
        except (TimeoutError, CancelledError):  # a cancelled one is made anew for the next look
            return None
        except Exception:
            with self._lock:
                self._kept.pop(asked, None)  # so that the next look finds what has changed
            raise

    def forget(self, project: int) -> None:
        """Make the project's plans anew: something was changed."""
        with self._lock:
            for asked in [one for one in self._kept if one.project == project]:
                self._kept.pop(asked)[0].cancel()

    def _plan(self, project: int, wish: "Wish") -> CertifyPlan:
        from workers.admin.start_attempt import plan_of  # what it computes with takes a second to load

        state = load(self._book, project)
        return plan_of(self._book, state, wish, self._models(state.encoder))
