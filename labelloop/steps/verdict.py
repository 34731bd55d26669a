"""Say after a round whether the version that serves has reached human level, and what to do next."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.disputes import AuditedTask, among_people, disputed_tasks, of_model
from labelloop.domain.promotion import FEWEST_AUDIT_TASKS
from labelloop.domain.records import Decision, Evaluation, Verdict
from labelloop.domain.rounds import Round
from labelloop.domain.verdict import FALSE_YES, GOOD_START, Measured, Ruling, Standing, is_look, judge
from labelloop.errors import BrokenPromise
from labelloop.learners.base import Encode
from labelloop.stats.agreement import model_agreement
from labelloop.stats.noninferiority import NonInferiority, noninferiority, tasks_needed
from labelloop.steps.consensus_figures import against_consensus, consensus_json
from labelloop.steps.evaluate import predicted_values
from labelloop.steps.project import ProjectView
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
from labelloop.stores.book import Book

VERDICT_FILE = "verdict.json"


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
        """Return the tasks that two or more people judged."""
        return [task for task in self.tasks if task.human_agreement is not None]


def give_verdict(view: ProjectView, number: int, *, encode: Encode | None = None) -> Verdict:
    """Give the verdict on the version that won a round, once for each, and return it.

    Where no audit task has two judges the version's agreement with the single ones is measured with `encode`. Raises
    BrokenPromise if nothing has been decided yet.
    """
    known = view.verdict(number)
    if known is not None:
        return known
    closed, decision = view.round(number), view.ledger.newest(Decision, view.id, round_number=number)
    if closed is None or decision is None:
        raise BrokenPromise(f"Round {number} of project {view.id} is queued for a verdict but was never decided.")
    looked = _look(view, closed, decision)
    standing = _standing(view, decision, looked, encode=encode)
    ruling = judge(standing)
    work = work_left(view, closed, ruling.outcome, standing, looked.test)
    record = _record(view, number, standing, ruling, work)
    report = _report(view, decision, looked, standing, ruling, work) | {"round": number, "at": record.at.isoformat()}
    files = {VERDICT_FILE: json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False).encode()}
    parents = (looked.evaluation.artifact,) if looked.evaluation else ()
    view.book.record(record, f"verdict-{number}-{record.version or 'none'}", files, parents)
    return view.verdict(number) or record


def verdict_report(book: Book, verdict: Verdict) -> dict[str, Any]:
    """Return everything that was computed for a verdict; docs/verdict.md describes the keys."""
    report: dict[str, Any] = json.loads(book.artifacts.read(verdict.artifact, VERDICT_FILE))
    return report


def _look(view: ProjectView, closed: Round, decision: Decision) -> _Looked:
    found = view.measured_winner(decision)
    tasks = tuple(audited_tasks(view, closed, found)) if found else ()
    twice = [(task.agreement, task.human_agreement) for task in tasks if task.human_agreement is not None]
    differences = np.array([model - human for model, human in twice], np.float64)
    alpha = FALSE_YES / view.rules.looks
    test = noninferiority(differences, margin=view.rules.margin, alpha=alpha)
    return _Looked(closed, found, tasks, differences, test, alpha)


def _standing(view: ProjectView, decision: Decision, looked: _Looked, *, encode: Encode | None) -> Standing:
    human = [task.human_agreement for task in looked.twice if task.human_agreement is not None]
    version = decision.winner if looked.evaluation else ""
    n = len(human)
    return Standing(
        version=version,
        people=len({a.annotator_id for task in looked.closed.tasks for a in task.judgements}),
        n=n,
        gap=looked.test.mean if n else None,
        gap_low=looked.test.lower if isfinite(looked.test.lower) else None,
        human_agreement=float(np.mean(human)) if n else None,
        audit_needed=_audit_needed(looked, view.rules.margin),
        look=_look_number(view, version, n, looked.test.mean),
        looks=view.rules.looks,
        margin=view.rules.margin,
        single=None if n else _single(view, looked, version, encode),
    )


def _look_number(view: ProjectView, version: str, n: int, gap: float) -> int:
    # The same version on the same audit set gives the same answer again: that is no further chance of a false yes.
    before = view.ledger.newest(Verdict, view.id)
    again = before is not None and (before.version, before.n, before.gap) == (version, n, gap)
    return (before.look if before else 0) + (is_look(version, n) and not again)


def _audit_needed(looked: _Looked, margin: float) -> int | None:
    differences, n = looked.differences, len(looked.differences)
    if n < 2:
        return GOOD_START - n
    if n < FEWEST_AUDIT_TASKS:  # so few say little of the gap itself: plan as if the model were as good as people
        differences = differences - differences.mean()
    wanted = tasks_needed(differences, margin=margin, alpha=looked.alpha)
    return None if wanted is None else max(wanted - n, FEWEST_AUDIT_TASKS - n, 1)


def _single(view: ProjectView, looked: _Looked, version: str, encode: Encode | None) -> Measured | None:
    if looked.tasks:
        return measured([task.agreement for task in looked.tasks])
    judged = looked.closed.audit(1)
    if encode is None or not version or not judged:
        return None
    said = predicted_values(view, view.ledger.version(view.id, version), [t.task.text for t in judged], encode=encode)
    people = [[a.value for a in task.judgements if a.value is not None] for task in judged]
    return measured([model_agreement(value, values) for value, values in zip(said, people, strict=True)])


def _record(view: ProjectView, number: int, standing: Standing, ruling: Ruling, work: Work) -> Verdict:
    return Verdict(
        project_id=view.id,
        round_number=number,
        version=standing.version,
        look=standing.look,
        outcome=ruling.outcome.value,
        because=ruling.because,
        n=standing.n,
        gap=standing.gap,
        gap_low=standing.gap_low,
        margin=standing.margin,
        labels_needed=work.labels,
        audit_needed=work.audit_tasks,
        at=datetime.now(UTC),
    )


def _report(
    view: ProjectView, decision: Decision, looked: _Looked, standing: Standing, ruling: Ruling, work: Work
) -> dict[str, Any]:
    flattered = flattered_by(view, decision) if looked.twice else 0.0
    agreement, others = measured([task.agreement for task in looked.tasks]), alternative(looked.twice)
    kind, pairs = view.field.kind, settled_pairs(looked.closed, looked.tasks)
    return {
        "project": view.id,
        **asdict(ruling),
        **asdict(standing),
        "alpha": looked.alpha,
        "agreement": asdict(agreement) | {"corrected": _less(agreement.value, flattered), "flattered_by": flattered},
        "human_agreement": asdict(measured([t.human_agreement for t in looked.twice if t.human_agreement is not None])),
        "consensus": consensus_json(against_consensus(view.field, pairs, seed=view.rules.seed)),
        "krippendorff_alpha": dict(zip(("people", "people_and_model"), alphas(kind, looked.tasks), strict=True)),
        "cohen_kappa": [asdict(pair) for pair in kappas(kind, looked.twice)],
        "alternative_annotator": None if others is None else asdict(others) | {"passed": others.passed},
        "forecast": asdict(work),
        "disputed": _disputed(looked.tasks),
        "anchoring": asdict(anchoring(looked.closed, looked.tasks)),
    }


def _less(value: float | None, by: float) -> float | None:
    return None if value is None else value - by


def _disputed(tasks: Sequence[AuditedTask]) -> dict[str, Any]:
    return {
        "people": [{"labels": [c.one, c.other], "times": c.times} for c in among_people(tasks)],
        "model": [{"model": c.one, "people": c.other, "times": c.times} for c in of_model(tasks)],
        "tasks": list(disputed_tasks(tasks)),
    }
