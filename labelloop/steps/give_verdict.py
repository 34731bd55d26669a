"""Say after a round whether the version that serves has reached human level, and what to do next."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.audited_regions import audited_regions
from labelloop.domain.disagreements import AuditedTask, among_people, disputed_tasks, of_model
from labelloop.domain.human_level import FALSE_YES, GOOD_START, Measured, Outcome, Ruling, Standing, ruling_on
from labelloop.domain.looks import could_be_a_look, is_planned, looks, next_planned
from labelloop.domain.lookup import newest
from labelloop.domain.promotion import FEWEST_AUDIT_TASKS
from labelloop.domain.records import Decision, Evaluation, Verdict
from labelloop.domain.rounds import Round
from labelloop.domain.task_index import open_train
from labelloop.domain.tasks import Role
from labelloop.errors import BrokenPromise
from labelloop.learners.base import ModelContext
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import as_measured, closed_round
from labelloop.stats.agreement import model_agreement
from labelloop.stats.noninferiority import NonInferiority, noninferiority, tasks_needed
from labelloop.steps.consensus_figures import against_consensus, consensus_json, score_json
from labelloop.steps.end_to_end import end_to_end
from labelloop.steps.evaluate import predicted_values
from labelloop.steps.verdict_figures import (
    alphas,
    alternative,
    anchoring,
    audited_tasks,
    flattered_by,
    kappas,
    measured,
    settled_pairs,
)
from labelloop.steps.verdict_forecast import Work, work_left
from labelloop.steps.verdict_report import VERDICT_FILE
from labelloop.stores.book import Book


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was seen in this look: the round, the winner's audit tasks, those with two people, and the test on them."""

    closed: Round
    evaluation: Evaluation | None
    tasks: tuple[AuditedTask, ...]
    differences: NDArray[np.float64]
    test: NonInferiority
    alpha: float

    @property
    def twice(self) -> list[AuditedTask]:
        """Return the tasks that two or more people annotated."""
        return [task for task in self.tasks if task.human_agreement is not None]


def give_verdict(
    book: Book, state: ProjectState, number: int, *, context: ModelContext | None = None, asked: bool = False
) -> Verdict:
    """Give the verdict on the version that won a round, once for each, and return it.

    It is a look at the audit set where one is planned for its size, or where the lead has `asked` for it: then another
    verdict on the round may follow the first.

    Where no audit task has two judges the version's agreement with the single ones is measured, if there is
    a `context` for it to predict in. Raises BrokenPromise if nothing has been decided yet.
    """
    known = state.looped.verdict(number)
    if known is not None and not asked:
        return known
    closed, decision = closed_round(book, state, number), state.looped.decision(number)
    if closed is None or decision is None:
        raise BrokenPromise(f"Round {number} of project {state.id} is queued for a verdict but was never decided.")
    closed = as_measured(book, state, closed)
    looked = _look(book, state, closed, decision)
    standing = _standing(book, state, decision, looked, context=context, asked=asked)
    if known is not None and standing.look == known.look:
        return known  # nothing is new since, or too little is there to test
    ruling = ruling_on(standing)
    work = work_left(state, closed, ruling.outcome, standing, looked.test)
    record = replace(_record(state.id, number, standing, ruling, work), field=state.field_on_record)
    together = end_to_end(book, state, closed, context=context) if context else None
    report = _report(book, state, decision, looked, standing, ruling, work) | {
        **({"end_to_end": score_json(together)} if together else {}),
        "round": number,
        "created_at": record.created_at.isoformat(),
    }
    files = {VERDICT_FILE: json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False).encode()}
    parents = (looked.evaluation.artifact,) if looked.evaluation else ()
    name = f"verdict-{number}-{record.version or 'none'}" + (f"-look-{record.look}" if known else "")
    book.record(record, name, files, parents)
    where = {"round_number": number, "version": record.version, "field": record.field}
    return book.ledger.newest(Verdict, state.id, **where) or record


def _look(book: Book, state: ProjectState, closed: Round, decision: Decision) -> _Looked:
    found = state.looped.measured_winner(decision)
    tasks = tuple(audited_tasks(book, state.field, closed, found)) if found else ()
    twice = [(task.agreement, task.human_agreement) for task in tasks if task.human_agreement is not None]
    differences = np.array([model - human for model, human in twice], np.float64)
    alpha = FALSE_YES / state.rules.looks
    test = noninferiority(differences, margin=state.rules.margin, alpha=alpha)
    return _Looked(closed, found, tasks, differences, test, alpha)


def _standing(
    book: Book,
    state: ProjectState,
    decision: Decision,
    looked: _Looked,
    *,
    context: ModelContext | None,
    asked: bool,
) -> Standing:
    human = [task.human_agreement for task in looked.twice if task.human_agreement is not None]
    version = decision.winner if looked.evaluation else ""
    n = len(human)
    standing = Standing(
        version=version,
        people=len({a.annotator_id for task in looked.closed.tasks for a in task.annotations}),
        n=n,
        gap=looked.test.mean if n else None,
        gap_low=looked.test.lower if isfinite(looked.test.lower) else None,
        human_agreement=float(np.mean(human)) if n else None,
        audit_needed=_audit_needed(looked, state.rules.margin),
        look=0,
        looks=state.rules.looks,
        margin=state.rules.margin,
        single=None if n else _single(book, state, looked, version, context),
        audit_possible=max(0, len(state.tasks.ids) // 4 - n),
        left=len(open_train(state.tasks)),
    )
    return _as_look(state, standing, asked=asked)


def _as_look(state: ProjectState, standing: Standing, *, asked: bool) -> Standing:
    """Say which look this is; between looks, when the next one is planned."""
    before = looks(state.looped.verdicts)
    count = max((verdict.look for verdict in before), default=0)
    if not could_be_a_look(standing.version, standing.n):
        return replace(standing, look=count)
    last, largest = newest(before), max((verdict.n for verdict in before), default=0)
    # The same version on the same audit set gives the same answer again: that is no further chance of a false yes.
    if last is not None and (last.version, last.n, last.gap) == (standing.version, standing.n, standing.gap):
        return replace(standing, look=count)
    audit = len(state.tasks.of(Role.MONITOR) & state.tasks.with_text)
    if asked or is_planned(standing.n, largest, audit):
        return replace(standing, look=count + 1)
    next_look = next_planned(standing.n, largest, audit)
    return replace(
        standing,
        look=count,
        tested=False,
        next_look=next_look,
        said_yes=last is not None and (last.version, last.outcome) == (standing.version, Outcome.YES),
        audit_needed=next_look - standing.n if next_look else None,
    )


def _audit_needed(looked: _Looked, margin: float) -> int | None:
    differences, n = looked.differences, len(looked.differences)
    if n < 2:
        return GOOD_START - n
    if n < FEWEST_AUDIT_TASKS:  # so few say little of the gap itself: plan as if the model were as good as people
        differences = differences - differences.mean()
    wanted = tasks_needed(differences, margin=margin, alpha=looked.alpha)
    return None if wanted is None else max(wanted - n, FEWEST_AUDIT_TASKS - n, 1)


def _single(
    book: Book, state: ProjectState, looked: _Looked, version: str, context: ModelContext | None
) -> Measured | None:
    if looked.tasks:
        return measured([task.agreement for task in looked.tasks])
    annotated = looked.closed.audit(1)
    if context is None or not version or not annotated:
        return None
    predictions = predicted_values(book, state.version(version), annotated, context=context)
    people = [[a.value for a in task.annotations if a.value is not None] for task in annotated]
    return measured([model_agreement(value, values) for value, values in zip(predictions, people, strict=True)])


def _record(project_id: int, number: int, standing: Standing, ruling: Ruling, work: Work) -> Verdict:
    return Verdict(
        project_id=project_id,
        round_number=number,
        version=standing.version,
        look=standing.look,
        outcome=ruling.outcome.value,
        reason=ruling.reason,
        n=standing.n,
        gap=standing.gap,
        gap_low=standing.gap_low,
        margin=standing.margin,
        labels_needed=work.labels,
        audit_needed=work.audit_tasks,
        created_at=datetime.now(UTC),
    )


def _report(
    book: Book, state: ProjectState, decision: Decision, looked: _Looked, standing: Standing, ruling: Ruling, work: Work
) -> dict[str, Any]:
    flattered = flattered_by(book, state, decision) if looked.twice else 0.0
    single, twice = audited_regions(looked.tasks), audited_regions(looked.twice)
    agreement, others = measured([task.agreement for task in looked.tasks]), alternative(twice)
    kind, pairs = state.field.kind, settled_pairs(looked.closed, looked.tasks)
    return {
        "project": state.id,
        **({"field": state.field_on_record} if state.field_on_record else {}),
        **asdict(ruling),
        **asdict(standing),
        "alpha": looked.alpha,
        "agreement": asdict(agreement) | {"corrected": _less(agreement.value, flattered), "flattered_by": flattered},
        "human_agreement": asdict(measured([t.human_agreement for t in looked.twice if t.human_agreement is not None])),
        "consensus": consensus_json(against_consensus(state.field, pairs, seed=state.rules.seed)),
        "krippendorff_alpha": dict(zip(("people", "people_and_model"), alphas(kind, single), strict=True)),
        "cohen_kappa": [asdict(pair) for pair in kappas(kind, twice)],
        "alternative_annotator": None if others is None else asdict(others) | {"passed": others.passed},
        "forecast": asdict(work),
        "disputed": _disputed(looked.tasks),
        "anchoring": asdict(anchoring(looked.closed, looked.tasks)),
    }


def _less(value: float | None, by: float) -> float | None:
    return None if value is None else value - by


def _disputed(tasks: Sequence[AuditedTask]) -> dict[str, Any]:
    single = audited_regions(tasks)
    return {
        "people": [{"labels": [c.one, c.other], "times": c.times} for c in among_people(single)],
        "model": [{"model": c.one, "people": c.other, "times": c.times} for c in of_model(single)],
        "tasks": list(disputed_tasks(tasks)),
    }
