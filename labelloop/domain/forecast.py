"""How many more labels it will take, read off the learning curve so far."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FEWEST_ROUNDS = 3
_NEVER = 1e12


@dataclass(frozen=True, slots=True)
class LearningPoint:
    """A round's best new version: fitted to so many labels, its agreement with people, in [0, 1], on n audit tasks."""

    labels: int
    agreement: float
    n: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many further labels are needed, None where nobody can say, and the words that go with it."""

    labels: int | None
    reason: str


def forecast_labels(points: Sequence[LearningPoint], *, target: float, most: int) -> Forecast:
    """Return how many further labels bring the agreement to the target, no more than the `most` there are.

    A power law, 1 - agreement = a * labels^-b, fitted in logarithms with each point weighted by its audit tasks:
    Hestness et al. 2017, "Deep learning scaling is predictable, empirically".
    """
    if len({point.labels for point in points}) < FEWEST_ROUNDS:
        return Forecast(None, f"a forecast of labels needs {FEWEST_ROUNDS} measured rounds")
    if target >= 1:
        return Forecast(None, "no agreement would be enough to prove it on so few audit tasks")
    # Half a wrong task stands for none, whose logarithm there is not.
    wrong = np.array([max(1 - point.agreement, 0.5 / point.n) for point in points])
    labels = np.log([point.labels for point in points])
    slope, start = np.polyfit(labels, np.log(wrong), 1, w=np.sqrt([point.n for point in points]))
    if slope >= -1e-6:
        return Forecast(
            None, "agreement has not risen with labels: more of the same may not help, look at the disputes"
        )
    total = np.exp(min((np.log(1 - target) - start) / slope, np.log(_NEVER)))
    further = max(0, int(np.ceil(total)) - max(point.labels for point in points))
    if further > most:
        return Forecast(most, f"more than the {most} tasks that are left to label would be needed")
    return Forecast(further, "if agreement goes on rising as in the rounds so far; a rough guess")
