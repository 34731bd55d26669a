"""A field's learning curve: what served after each round, and how well that agrees with people."""

from dataclasses import dataclass

from labelloop.domain.records import ClosedRound, Evaluation
from workers.admin.status import ProjectStatus


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A closed round with the evaluation of the version that served after it, None where nothing was measured."""

    closed: ClosedRound
    measured: Evaluation | None


def learning_curve(status: ProjectStatus) -> list[CurvePoint]:
    """Return a point for each round, oldest first; while a round is undecided it has the newest version measured."""
    newest: dict[int, Evaluation] = {}
    served: dict[int, Evaluation] = {}
    for one in status.evaluations:
        if not one.evaluation.failure:
            (served if one.served else newest)[one.evaluation.round_number] = one.evaluation
    shown = newest | served
    return [CurvePoint(closed, shown.get(closed.number)) for closed in status.rounds]
