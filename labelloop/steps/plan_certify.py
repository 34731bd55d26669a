"""Plan an attempt to certify: what it takes and what it can save, before anything is frozen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.certify_plan import CertifyPlan, best_plan, why_not
from labelloop.domain.predictions import Prediction
from labelloop.domain.promotion import FEWEST_AUDIT_TASKS
from labelloop.domain.records import Fit
from labelloop.domain.rounds import AnnotatedTask, Round
from labelloop.domain.task_index import open_monitor
from labelloop.learners.base import ModelContext, Paid
from labelloop.state.field_mirror import field_mirror
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import as_measured, judged_now
from labelloop.stats.pac import allowed_errors, smallest_sample
from labelloop.stats.pac_forecast import AutomatedShare, forecast_automated
from labelloop.steps.certify import delta_of_next, is_right, served, untouched_pool
from labelloop.steps.model_store import load_model
from labelloop.steps.predict_tasks import answer
from labelloop.stores.book import Book

MOST, FEWER = 300, (250, 200, 150, 100, 80, 60, 45, 30)
SAMPLE = 500
"""How many untouched tasks the model is asked about for a forecast."""


def plan_certify(
    book: Book,
    state: ProjectState,
    *,
    max_error: float,
    confidence: float,
    n: int | None,
    min_similarity: float = 1.0,
    context: ModelContext,
) -> CertifyPlan:
    """Return the plan of the next attempt with `n` tasks; without, with 300, or fewer where so many do not pay.

    Nothing is recorded. Raises UserError where there is no model, or an attempt or a release is under way.
    """
    fit, number = served(state)
    now, (_, pool) = as_measured(book, state, judged_now(book, state)), untouched_pool(book, state)
    evidence = _evidence(book, state, now.audit(1), pool, min_similarity, context)
    delta = delta_of_next(state, confidence)

    def planned(size: int) -> CertifyPlan:
        allowed = allowed_errors(size, max_error=max_error, delta=delta, pool=len(pool)) if size <= len(pool) else -1
        found = evidence.forecast(size, allowed) if evidence and allowed >= 0 else None
        return CertifyPlan(
            version=fit.version,
            number=number,
            max_error=max_error,
            delta=delta,
            n=size,
            pool=len(pool),
            least=smallest_sample(max_error, delta),
            allowed=allowed,
            audit_open=len(open_monitor(state.tasks, 1)),
            labelled=len(state.tasks.annotators.keys() & state.tasks.ids),
            share=found.share if found else None,
            low=found.low if found else None,
            high=found.high if found else None,
            audit_tasks=found.tasks if found else 0,
            ends_relabel=len(state.queue.people_needed) if state.queue else 0,
            seconds=_seconds(now),
        )

    if n is not None:
        return planned(n)
    first = planned(MOST)
    least = first.least
    fewer = [size for size in (*FEWER, least) if least <= size <= len(pool) // 2]
    return first if not why_not(first) or not fewer else best_plan([first, *map(planned, fewer)])


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What is known of a version on the audit tasks, shape (m,), and of its margin on untouched tasks."""

    margin: NDArray[np.float64]
    wrong: NDArray[np.float64]
    pool_margin: NDArray[np.float64] | None
    seed: int

    def forecast(self, n: int, allowed: int) -> AutomatedShare:
        """Return the forecast of a draw of n tasks."""
        return forecast_automated(
            self.margin, self.wrong, n=n, allowed=allowed, pool_margin=self.pool_margin, seed=self.seed
        )


def _evidence(
    book: Book,
    state: ProjectState,
    audit: Sequence[AnnotatedTask],
    pool: Collection[int],
    min_similarity: float,
    context: ModelContext,
) -> _Evidence | None:
    """Return what the version that serves does on audit tasks; None where too few are labelled."""
    if len(audit) < FEWEST_AUDIT_TASKS:
        return None
    fit, _ = served(state)
    said = answer(book, fit, [task.task for task in audit], context=context)
    return _Evidence(
        margin=np.array([said[task.task.id].margin for task in audit]),
        wrong=np.array([_share_wrong(task, said[task.task.id], min_similarity) for task in audit]),
        pool_margin=_margins(book, state, fit, pool, context),
        seed=state.rules.seed,
    )


def _share_wrong(task: AnnotatedTask, said: Prediction, min_similarity: float) -> float:
    """Return how many of those who judged the task say otherwise, in [0, 1]: one of them judges in an attempt."""
    values = [annotation.value for annotation in task.annotations if annotation.value is not None]
    return sum(not is_right(said.value, value, min_similarity) for value in values) / len(values)


def _margins(
    book: Book, state: ProjectState, fit: Fit, pool: Collection[int], context: ModelContext
) -> NDArray[np.float64] | None:
    """Return the version's margins on some untouched tasks; None where its answers cost money."""
    if isinstance(load_model(book, fit, context=context), Paid):
        return None
    some = np.random.default_rng(state.rules.seed).permutation(sorted(pool))[:SAMPLE]
    said = answer(book, fit, list(field_mirror(book, state).tasks(some.tolist()).values()), context=context)
    return np.array([one.margin for one in said.values()])


def _seconds(now: Round) -> float | None:
    times = [a.lead_time for task in now.tasks for a in task.annotations if a.lead_time]
    return median(times) if times else None
