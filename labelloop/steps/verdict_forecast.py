"""What is left to do until human level: labels, audit tasks, and people's hours."""

from dataclasses import dataclass
from math import isfinite
from statistics import median

from labelloop.domain.forecast import Forecast, LearningPoint, forecast_labels
from labelloop.domain.human_level import Outcome, Standing
from labelloop.domain.promotion import FEWEST_AUDIT_TASKS
from labelloop.domain.rounds import Round
from labelloop.domain.task_index import open_train
from labelloop.state.project_state import ProjectState
from labelloop.stats.noninferiority import NonInferiority


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


def work_left(state: ProjectState, closed: Round, outcome: Outcome, standing: Standing, test: NonInferiority) -> Work:
    """Return the work that a verdict leaves: labels where it is *not yet*, audit tasks where it *cannot tell*."""
    left = len(open_train(state.tasks))
    labels = Forecast(None, "")
    if outcome is Outcome.NOT_YET and standing.human_agreement is not None and isfinite(test.lower):
        target = standing.human_agreement - standing.margin + (test.mean - test.lower)
        labels = forecast_labels(_curve(state, closed.number), target=target, most=left)
    audit = standing.audit_needed if outcome is Outcome.CANNOT_TELL and standing.version else None
    if audit is not None and standing.audit_possible is not None:
        audit = min(audit, standing.audit_possible)
    judgements = (labels.labels or 0) + (audit or 0) * max(state.rules.monitor_people, 2)
    times = [a.lead_time for task in closed.tasks for a in task.annotations if a.lead_time]
    seconds = median(times) if times else None
    known = labels.labels is not None or audit is not None
    return Work(
        labels=labels.labels,
        labels_because=labels.reason,
        audit_tasks=audit,
        judgements=judgements if known else None,
        seconds=seconds,
        hours=_hours(judgements, seconds) if known else None,
        hours_by_hand=_hours(left, seconds),
    )


def _hours(judgements: int, seconds: float | None) -> float | None:
    return None if seconds is None else judgements * seconds / 3600


def _curve(state: ProjectState, number: int) -> list[LearningPoint]:
    """Return the best new version of every round up to this one that was measured on enough audit tasks."""
    fitted = {fit.version: fit for fit in state.looped.versions}
    best: dict[int, LearningPoint] = {}
    for found in state.looped.evaluations:
        fit = fitted.get(found.version)
        own = fit is not None and fit.round_number == found.round_number <= number
        if fit is None or not own or found.agreement is None or found.n < FEWEST_AUDIT_TASKS or fit.labels < 1:
            continue
        point = LearningPoint(fit.labels, found.agreement, found.n)
        best[found.round_number] = max(best.get(found.round_number, point), point, key=lambda p: p.agreement)
    return list(best.values())
