"""Plan an attempt to certify: what it takes and what it can save, before anything is frozen."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.asked import Answer, is_asked
from labelloop.domain.certify_plan import CertifyPlan, FieldShare, best_plan, why_not
from labelloop.domain.promotion import FEWEST_AUDIT_TASKS
from labelloop.domain.records import Fit
from labelloop.domain.rounds import Round
from labelloop.domain.row_answers import RowAnswer
from labelloop.domain.task_index import open_monitor
from labelloop.domain.task_rows import rows_of_annotations
from labelloop.domain.unanswered import Unanswered
from labelloop.learners.base import ModelContext, Paid
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import as_measured, said_now
from labelloop.stats.pac import allowed_errors, smallest_sample
from labelloop.stats.pac_forecast import AutomatedShare, forecast_together
from labelloop.steps.certify import is_right, untouched_pool
from labelloop.steps.certify_fields import certified_without, certify_fields, delta_of_next, left_to_people
from labelloop.steps.model_rows import model_rows
from labelloop.steps.model_store import load_model
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
    now = {one.field.name: as_measured(book, one, said_now(book, one)) for one in fields}
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

    def allowed_of(fields: int) -> int:
        of_fewer = delta_of_next(state, confidence, fields)
        return allowed_errors(plan.n, max_error=max_error, delta=of_fewer, pool=len(pool))

    return _with_costs(plan, evidence, allowed_of)


def _with_costs(plan: CertifyPlan, evidence: "_Evidence", allowed_of: Callable[[int], int]) -> CertifyPlan:
    """Return the plan with what each field costs; so many errors are allowed where so many fields are certified."""
    costs = []
    for at, one in enumerate(plan.fields):
        kept = evidence.kept_without[at]
        lost = (other.field for other in plan.fields if other is not one and other.field not in kept)
        one = replace(one, left_out_with_it=tuple(lost))
        if kept:
            share = evidence.share_without(at, plan.n, allowed_of(len(kept)))
            one = replace(one, saved_without=round(share * plan.saved_at_best))
        costs.append(one)
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

    `names` are the fields. `blocked`, shape (m,), are tasks that people are asked about whatever the models say.
    `kept_without` are for each field those that can be certified without it, `blocked_without` what is blocked then,
    shape (fields, m).
    """

    names: tuple[str, ...]
    margin: NDArray[np.float64]
    wrong: NDArray[np.float64]
    not_asked: NDArray[np.bool_]
    blocked: NDArray[np.bool_]
    kept_without: tuple[frozenset[str], ...]
    blocked_without: NDArray[np.bool_]
    pool_margin: NDArray[np.float64] | None
    seed: int

    def forecast(self, n: int, allowed: int) -> list[AutomatedShare]:
        """Return the forecast of a draw of n tasks: for each field, and last for all at once."""
        return self._forecast(range(len(self.names)), self.blocked, n, allowed)

    def share_without(self, at: int, n: int, allowed: int) -> float:
        """Return the forecast share of the pool, in [0, 1], that models label where the `at`-th field is left out."""
        kept = [place for place, name in enumerate(self.names) if name in self.kept_without[at]]
        return self._forecast(kept, self.blocked_without[at], n, allowed)[-1].share

    def _forecast(self, kept: Sequence[int], blocked: NDArray[np.bool_], n: int, allowed: int) -> list[AutomatedShare]:
        rows = list(kept)
        return forecast_together(
            self.margin[rows],
            self.wrong[rows],
            n=n,
            allowed=allowed,
            blocked=blocked,
            not_asked=self.not_asked[rows],
            pool_margin=None if self.pool_margin is None else self.pool_margin[rows],
            seed=self.seed,
        )


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
    by_name, state = {one.field.name: one.field for one in fields}, fields[0]
    people = rows_of_annotations(by_name, now)
    if len(people) < FEWEST_AUDIT_TASKS:
        return None
    said = model_rows(book, state, _serving(fields), list(people), context=context)
    rows = [[one.get(id_, _UNKNOWN) for id_ in people] for one in said.values()]
    kept = [{field.name for field in certified_without(list(by_name.values()), [name])} for name in by_name]
    return _Evidence(
        names=tuple(by_name),
        margin=np.array([[row.margin for row in of_field] for of_field in rows]),
        wrong=np.array(
            [
                [
                    _share_wrong([one[name] for one in theirs if name in one], row, min_similarity)
                    for theirs, row in zip(people.values(), of_field, strict=True)
                ]
                for name, of_field in zip(said, rows, strict=True)
            ]
        ),
        not_asked=np.array([[row.answer is Unanswered.NOT_ASKED for row in of_field] for of_field in rows]),
        blocked=_asked_anyway(state, people, said, by_name),
        kept_without=tuple(map(frozenset, kept)),
        blocked_without=np.array([_asked_anyway(state, people, said, names) for names in kept]),
        pool_margin=_margins(book, fields, pool, context),
        seed=state.rules.seed,
    )


_UNKNOWN = RowAnswer(Unanswered.CONDITION_UNKNOWN, margin=0.0, confidence=0.0, fallback=True)
"""What models say of a field where they do not say whether it is asked."""


def _serving(fields: Sequence[ProjectState]) -> dict[str, Fit]:
    return {one.field.name: one.version(one.looped.deployed_version) for one in fields}


def _share_wrong(people: Sequence[Answer], said: RowAnswer, min_similarity: float) -> float:
    """Return how many of those who judged the task say otherwise, in [0, 1]: one of them judges in an attempt."""
    return sum(not is_right(said.answer, one, min_similarity) for one in people) / len(people) if people else 1.0


def _asked_anyway(
    state: ProjectState,
    ids: Iterable[int],
    said: Mapping[str, Mapping[int, RowAnswer]],
    certified: Collection[str],
) -> NDArray[np.bool_]:
    """Return in which of the tasks a field without a model is asked after what models say of those certified."""
    fields = {one.field.name: one.field for one in state.fields}
    asked = [one.field for one in state.fields if one.field.condition is not None and one.deployed is None]
    rows = [{name: said[name][id_].answer for name in certified if id_ in said[name]} for id_ in ids]
    return np.array([any(is_asked(one, fields, row) for one in asked) for row in rows], bool)


def _margins(
    book: Book, fields: Sequence[ProjectState], pool: Collection[int], context: ModelContext
) -> NDArray[np.float64] | None:
    """Return the versions' margins on some untouched tasks; None where answers of any cost money."""
    fits = _serving(fields)
    if any(isinstance(load_model(book, fit, context=context), Paid) for fit in fits.values()):
        return None
    some = np.random.default_rng(fields[0].rules.seed).permutation(sorted(pool))[:SAMPLE].tolist()
    said = model_rows(book, fields[0], fits, some, context=context)
    return np.array([[one.get(id_, _UNKNOWN).margin for id_ in some] for one in said.values()])


def _seconds(now: Round) -> float | None:
    times = [a.lead_time for task in now.tasks for a in task.annotations if a.lead_time]
    return median(times) if times else None
