"""The figures that pages show: those of `labelloop status`, `verdict` and `versions`, computed once for many looks."""

import time
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import structlog

from labelloop.domain.records import Decision
from labelloop.settings import Settings
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.steps.verdict_report import verdict_report
from labelloop.stores.book import Book
from workers.admin.spending import ProjectSpending, project_spending
from workers.admin.status import ProjectStatus, project_statuses
from workers.admin.version_rows import VersionRow, version_rows
from workers.jobs.job_queue import Bell
from workers.jobs.llm_costs_of_settings import open_llm_costs

if TYPE_CHECKING:
    from labelloop.steps.adjudicate import Dispute
    from labelloop.steps.audit_quality import Quality

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
Key = tuple[int, str]
"""A project and one of its fields."""
QUICK_S = 0.1
SHARE_OF_TIME = 0.1
"""How much of a processor's time figures that are slow to compute may take, however many people look at them."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ProjectFigures:
    """All that pages show of a project, as of a moment.

    `statuses` and `reports` have an entry for each looped field, a report being None before the first verdict;
    `versions` and `decisions` are those of all fields, oldest first. `spending` is None where no LLM is set up and
    nothing was spent.
    """

    at: datetime
    statuses: tuple[ProjectStatus, ...]
    reports: tuple[dict[str, Any] | None, ...]
    versions: tuple[VersionRow, ...]
    decisions: tuple[Decision, ...]
    spending: ProjectSpending | None

    @property
    def first(self) -> ProjectStatus:
        """Return the status of the first field, which has what the project's fields have in common."""
        return self.statuses[0]


class Kept(Generic[K, T]):
    """The newest figures by key, each as a function of it finds them; safe among threads.

    What takes less than 0.1 s is computed at every look. What takes longer is kept, and computed anew behind the looks
    for a tenth of the time at most: a look then shows figures that are a little old, and never waits for them again.
    """

    def __init__(self, found: Callable[[K], T], clock: Callable[[], float] = time.monotonic) -> None:
        self._found, self._clock = found, clock
        self._lock = Lock()
        self._kept: dict[K, tuple[T, float, float]] = {}
        self._computing: set[K] = set()
        self._forgotten = Counter[K]()

    def of(self, key: K) -> T:
        """Return the figures; raises what the function raises, and keeps nothing then."""
        kept = self._kept.get(key)
        if kept is None or kept[1] < QUICK_S:
            return self._compute(key)
        figures, seconds, at = kept
        if self._clock() - at > seconds / SHARE_OF_TIME:
            self._compute_behind(key)
        return figures

    def forget(self, key: K) -> None:
        """Compute figures anew at the next look: something was changed."""
        self._forgotten[key] += 1
        self._kept.pop(key, None)

    def forget_where(self, is_of: Callable[[K], bool]) -> None:
        """Compute the figures of all such keys anew."""
        with self._lock:
            keys = {*self._kept, *self._computing}
        for key in filter(is_of, keys):
            self.forget(key)

    def _compute(self, key: K) -> T:
        began, forgotten = self._clock(), self._forgotten[key]
        figures = self._found(key)
        if self._forgotten[key] == forgotten:  # else they may be from before the change
            self._kept[key] = figures, self._clock() - began, self._clock()
        return figures

    def _compute_behind(self, key: K) -> None:
        with self._lock:
            if key in self._computing:
                return
            self._computing.add(key)
        Thread(target=self._computed, args=(key,), name="labelloop-figures", daemon=True).start()

    def _computed(self, key: K) -> None:
        try:
            self._compute(key)
        except Exception:
            log.exception("figures_failed", key=key)
            self.forget(key)  # so that the next look says what is wrong
        finally:
            with self._lock:
                self._computing.discard(key)


class Figures(Kept[int, ProjectFigures]):
    """The newest figures of each project, by its number, with what pages look up in its state and newest verdicts.

    Raises NotConnected for a project that was never looped.
    """

    def __init__(self, book: Book, bell: Bell, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(lambda project_id: compute(book, bell, settings, project_id), clock)
        self._states = Kept[int, ProjectState](lambda id_: load(book, id_, disconnected=True), clock)
        self._verdicts = Kept[Key, "Quality | None"](lambda key: _quality(book, *key), clock)
        self._disputes = Kept[Key, tuple["Dispute", ...]](lambda key: _disputes(book, *key), clock)

    def state(self, project_id: int, field: str = "") -> ProjectState:
        """Return the project's state with this field in focus, the first where it is empty; raises NotFound."""
        return self._states.of(project_id).focused(field)

    def quality(self, project_id: int, field: str) -> "Quality | None":
        """Return what the newest verdict on a field rests on."""
        return self._verdicts.of((project_id, field))

    def disputes(self, project_id: int, field: str) -> tuple["Dispute", ...]:
        """Return the tasks on which people differ on a field, the lowest agreement first."""
        return self._disputes.of((project_id, field))

    def forget(self, key: int) -> None:
        """Compute all of a project anew at the next look: something was changed."""
        super().forget(key)
        self._states.forget(key)
        for found in (self._verdicts, self._disputes):
            found.forget_where(lambda one: one[0] == key)


def compute(book: Book, bell: Bell, settings: Settings, project_id: int) -> ProjectFigures:
    """Return a project's figures as they are now; raises NotConnected for one that was never looped."""
    state = load(book, project_id, disconnected=True)
    fields = state.by_field or (state,)
    spending = project_spending(open_llm_costs(settings, book.ledger), project_id, cap=settings.llm_cap)
    return ProjectFigures(
        at=datetime.now(UTC),
        statuses=tuple(project_statuses(book, fields, bell)),
        reports=tuple(_report(book, one) for one in fields),
        versions=tuple(version_rows(fields)),
        decisions=tuple(one for field in state.fields for one in field.decisions),
        spending=spending if settings.llm.is_complete or spending.rounds else None,
    )


def _quality(book: Book, project_id: int, field: str) -> "Quality | None":
    from labelloop.steps.audit_quality import quality  # with pyarrow: a service that only predicts does without

    return quality(book, load(book, project_id, disconnected=True).focused(field))


def _disputes(book: Book, project_id: int, field: str) -> tuple["Dispute", ...]:
    from labelloop.steps.adjudicate import disputes  # with pyarrow

    return disputes(book, load(book, project_id, disconnected=True).focused(field))


def _report(book: Book, state: ProjectState) -> dict[str, Any] | None:
    verdicts = state.looped.verdicts
    return verdict_report(book, verdicts[-1]) if verdicts else None
