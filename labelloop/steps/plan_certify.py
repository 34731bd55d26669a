"""Plan an attempt to certify: what it takes and what it can save, before anything is frozen."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.asked import tasks_asked
from labelloop.domain.certify_plan import CertifyPlan, FieldShare, best_plan, why_not
from labelloop.domain.predictions import Prediction
from labelloop.domain.promotion import FEWEST_AUDIT_TASKS
from labelloop.domain.rounds import AnnotatedTask, Round
from labelloop.domain.task_index import open_monitor
from labelloop.learners.base import ModelContext, Paid
from labelloop.state.field_mirror import field_mirror
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import as_measured, judged_now
from labelloop.stats.pac import allowed_errors, smallest_sample
from labelloop.stats.pac_forecast import AutomatedShare, forecast_together
from labelloop.steps.certify import is_right, untouched_pool
from labelloop.steps.certify_fields import certify_fields, delta_of_next, left_to_people
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
    without: Collection[str] = (),
    context: ModelContext,
) -> CertifyPlan:
    """Return the plan of the next attempt with `n` tasks; without, with 300, or fewer where so many do not pay.

    It is not about the fields named in `without`. Nothing is recorded. Raises UserError where there is no model or
    none is left, or an attempt or a release is under way; NotFound where there is no field of a name.
    """
    fields = certify_fields(state, without)
    now = {one.field.name: as_measured(book, one, judged_now(book, one)) for one in fields}
    _, pool = untouched_pool(book, state)
    evidence = _evidence(book, fields, now, pool, min_similarity, context)
    delta = delta_of_next(state, confidence, len(fields))
    versions = {one.field.name: one.looped.deployed_version for one in fields}

    def planned(size: int) -> CertifyPlan:
        allowed = allowed_errors(size, max_error=max_error, delta=delta, pool=len(pool)) if size <= len(pool) else -1
        *each, found = evidence.forecast(size, allowed) if evidence and allowed >= 0 else [None] * (len(fields) + 1)
        shares = [_field_share(*one, share) for one, share in zip(versions.items(), each, strict=True)]
        return CertifyPlan(
            version="+".join(versions.values()),
            number=state.next_attempt,
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
            seconds=_seconds(now[fields[0].field.name]),
            fields=tuple(shares) if len(state.fields) > 1 else (),
            left_to_people=left_to_people(state, without),
        )

    plan = planned(n) if n is not None else _best(planned, len(pool))
    if evidence is None or plan.allowed < 0 or len(plan.fields) < 2:
        return plan
    of_fewer = delta_of_next(state, confidence, len(fields) - 1)
    return _with_costs(plan, evidence, allowed_errors(plan.n, max_error=max_error, delta=of_fewer, pool=len(pool)))


def _with_costs(plan: CertifyPlan, evidence: "_Evidence", allowed: int) -> CertifyPlan:
    """Return the plan with what each field costs; without it `allowed` errors may be among the tasks of the others."""
    shares = [evidence.share_without(at, plan.n, allowed) for at in range(len(plan.fields))]
    saved = [round(share * plan.saved_at_best) for share in shares]
    costs = (replace(one, saved_without=left) for one, left in zip(plan.fields, saved, strict=True))
    return replace(plan, fields=tuple(costs))


def _best(planned: Callable[[int], CertifyPlan], pool: int) -> CertifyPlan:
    first = planned(MOST)
    least = first.least
    fewer = [size for size in (*FEWER, least) if least <= size <= pool // 2]
    return first if not why_not(first) or not fewer else best_plan([first, *map(planned, fewer)])


def _field_share(name: str, version: str, found: AutomatedShare | None) -> FieldShare:
    return FieldShare(name, version, found.share, found.low, found.high) if found else FieldShare(name, version)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What is known of the versions on the audit tasks, shape (fields, m), and of their margins on untouched tasks.

    `blocked`, shape (m,), are tasks that people are asked about whatever the models say, `blocked_without`, shape
    (fields, m), those where the answers of one field are not known.
    """

    margin: NDArray[np.float64]
    wrong: NDArray[np.float64]
    blocked: NDArray[np.bool_]
    blocked_without: NDArray[np.bool_]
    pool_margin: NDArray[np.float64] | None
    seed: int

    def forecast(self, n: int, allowed: int) -> list[AutomatedShare]:
        """Return the forecast of a draw of n tasks: for each field, and last for all at once."""
        return forecast_together(
            self.margin,
            self.wrong,
            n=n,
            allowed=allowed,
            blocked=self.blocked,
            pool_margin=self.pool_margin,
            seed=self.seed,
        )

    def share_without(self, at: int, n: int, allowed: int) -> float:
        """Return the forecast share of the pool, in [0, 1], that models label where the `at`-th field is left out."""
        kept = np.delete(np.arange(len(self.margin)), at)
        found = forecast_together(
            self.margin[kept],
            self.wrong[kept],
            n=n,
            allowed=allowed,
            blocked=self.blocked_without[at],
            pool_margin=None if self.pool_margin is None else self.pool_margin[kept],
            seed=self.seed,
        )
        return found[-1].share


def _evidence(
    book: Book,
    fields: Sequence[ProjectState],
    now: Mapping[str, Round],
    pool: Collection[int],
    min_similarity: float,
    context: ModelContext,
) -> _Evidence | None:
    """Return what the versions that serve do on audit tasks; None where too few are labelled.

    A field that people left blank in one counts as wrong there, as it does in an attempt.
    """
    judged = {name: {task.task.id: task for task in one.audit(1)} for name, one in now.items()}
    ids = sorted({task_id for tasks in judged.values() for task_id in tasks})
    if len(ids) < FEWEST_AUDIT_TASKS:
        return None
    said = {one.field.name: _said(book, one, ids, context) for one in fields}
    return _Evidence(
        margin=np.array([[found[id_].margin for id_ in ids] for found in said.values()]),
        wrong=np.array(
            [
                [_share_wrong(judged[name].get(id_), found[id_], min_similarity) for id_ in ids]
                for name, found in said.items()
            ]
        ),
        blocked=_asked_anyway(fields[0], ids, said),
        blocked_without=np.array([_asked_anyway(fields[0], ids, _but(name, said)) for name in said]),
        pool_margin=_margins(book, fields, pool, context),
        seed=fields[0].rules.seed,
    )


def _said(book: Book, state: ProjectState, ids: Sequence[int], context: ModelContext) -> dict[int, Prediction]:
    fit = state.version(state.looped.deployed_version)
    return answer(book, fit, list(field_mirror(book, state).tasks(ids).values()), context=context)


def _share_wrong(task: AnnotatedTask | None, said: Prediction, min_similarity: float) -> float:
    """Return how many of those who judged the task say otherwise, in [0, 1]: one of them judges in an attempt."""
    values = [one.value for one in task.annotations if one.value is not None] if task else []
    return sum(not is_right(said.value, value, min_similarity) for value in values) / len(values) if values else 1.0


def _asked_anyway(
    state: ProjectState, ids: Sequence[int], said: Mapping[str, Mapping[int, Prediction]]
) -> NDArray[np.bool_]:
    """Return in which of the tasks a field under a condition is asked by what is predicted of the others."""
    fields = {one.field.name: one.field for one in state.fields}
    asked = [tasks_asked(one, fields, ids, said) for one in fields.values() if one.condition is not None]
    return np.array([any(found[id_] for found in asked) for id_ in ids], bool)


def _but(left_out: str, said: Mapping[str, Mapping[int, Prediction]]) -> dict[str, Mapping[int, Prediction]]:
    return {name: found for name, found in said.items() if name != left_out}


def _margins(
    book: Book, fields: Sequence[ProjectState], pool: Collection[int], context: ModelContext
) -> NDArray[np.float64] | None:
    """Return the versions' margins on some untouched tasks; None where answers of any cost money."""
    fits = [one.version(one.looped.deployed_version) for one in fields]
    if any(isinstance(load_model(book, fit, context=context), Paid) for fit in fits):
        return None
    some = np.random.default_rng(fields[0].rules.seed).permutation(sorted(pool))[:SAMPLE].tolist()
    said = [_said(book, one, some, context) for one in fields]
    return np.array([[found[id_].margin for id_ in some] for found in said])


def _seconds(now: Round) -> float | None:
    times = [a.lead_time for task in now.tasks for a in task.annotations if a.lead_time]
    return median(times) if times else None
