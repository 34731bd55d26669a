"""What is left to do until human level: labels, audit tasks, and people's hours."""

from dataclasses import dataclass
from math import isfinite
from statistics import median

from labelloop.domain.forecast import Forecast, LearningPoint, forecast_labels
from labelloop.domain.promotion import FEWEST_AUDIT_TASKS
from labelloop.domain.records import Evaluation, Fit
from labelloop.domain.rounds import Round
from labelloop.domain.tasks import Role
from labelloop.domain.verdict import Outcome, Standing
from labelloop.stats.noninferiority import NonInferiority
from labelloop.steps.project import ProjectView


@dataclass(frozen=True, slots=True)
class Work:
    """What is left to do, None where nobody can say.

    `labels` are TRAIN labels, with the words that go with them; `audit_tasks` are each judged by `monitor_people`;
    `judgements` counts both, in people's answers; `hours` is the time they take by the median `seconds` of past ones;
    `hours_by_hand` that of labelling every open TRAIN task.
    """

    labels: int | None
    labels_because: str
    audit_tasks: int | None
    judgements: int | None
    seconds: float | None
    hours: float | None
    hours_by_hand: float | None


def work_left(view: ProjectView, closed: Round, outcome: Outcome, standing: Standing, test: NonInferiority) -> Work:
    """Return the work that a verdict leaves: labels where it is *not yet*, audit tasks where it *cannot tell*."""
    tasks = sum(role is Role.TRAIN for role in view.ledger.roles(view.id).values())
    left = max(0, tasks - len(closed.training))
    labels = Forecast(None, "")
    if outcome is Outcome.NOT_YET and standing.human_agreement is not None and isfinite(test.lower):
        target = standing.human_agreement - standing.margin + (test.mean - test.lower)
        labels = forecast_labels(_curve(view, closed.number), target=target, most=left)
    audit = standing.audit_needed if outcome is Outcome.CANNOT_TELL and standing.version else None
    judgements = (labels.labels or 0) + (audit or 0) * max(view.rules.monitor_people, 2)
    times = [a.lead_time for task in closed.tasks for a in task.judgements if a.lead_time]
    seconds = median(times) if times else None
    known = labels.labels is not None or audit is not None
    return Work(
        labels=labels.labels,
        labels_because=labels.because,
        audit_tasks=audit,
        judgements=judgements if known else None,
        seconds=seconds,
        hours=_hours(judgements, seconds) if known else None,
        hours_by_hand=_hours(left, seconds),
    )


def _hours(judgements: int, seconds: float | None) -> float | None:
    return None if seconds is None else judgements * seconds / 3600


def _curve(view: ProjectView, number: int) -> list[LearningPoint]:
    """Return the best new version of every round up to this one that was measured on enough audit tasks."""
    fitted = {fit.version: fit for fit in view.ledger.all(Fit, view.id) if fit.version}
    best: dict[int, LearningPoint] = {}
    for found in view.ledger.all(Evaluation, view.id):
        fit = fitted.get(found.version)
        own = fit is not None and fit.round_number == found.round_number <= number
        if fit is None or not own or found.agreement is None or found.n < FEWEST_AUDIT_TASKS or fit.labels < 1:
            continue
        point = LearningPoint(fit.labels, found.agreement, found.n)
        best[found.round_number] = max(best.get(found.round_number, point), point, key=lambda p: p.agreement)
    return list(best.values())
