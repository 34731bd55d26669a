"""Learning curves: what several runs have in common, and how far apart they lie."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from labelloop.domain.forecast import Forecast, LearningPoint, forecast_labels
from labelloop.simulate.replay import Point


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The mean over `seeds` runs with so many labels; `low` and `high` are the worst and the best run's accuracy.

    Figures are in [0, 1]; `macro_f1` is None for free text; the standard deviations are those of the runs, 0 for one.
    """

    labels: int
    accuracy: float
    macro_f1: float | None
    learner: str
    seconds: float
    strategy: str
    seeds: int
    accuracy_sd: float
    low: float
    high: float
    macro_f1_sd: float | None
    agreement: float


def curve(points: Iterable[Point]) -> list[CurvePoint]:
    """Return one point per strategy, learner and number of labels, in that order of the alphabet and of size."""
    ordered = sorted(points, key=_key)
    return [_mean(list(group)) for _, group in groupby(ordered, key=_key)]


def outlook(points: Sequence[CurvePoint], *, target: float, tests: int, most: int) -> Forecast:
    """Return how many further labels bring one curve to the target accuracy, no more than `most`."""
    if points[-1].accuracy >= target:
        return Forecast(0, "reached already")
    known = [LearningPoint(point.labels, point.accuracy, tests) for point in points]
    return forecast_labels(known, target=target, most=most)


def _key(point: Point) -> tuple[str, str, int]:
    return point.strategy, point.learner, point.labels


def _mean(runs: Sequence[Point]) -> CurvePoint:
    one = runs[0]
    accuracy = np.array([run.figures.accuracy for run in runs])
    f1 = np.array([run.figures.macro_f1 for run in runs if run.figures.macro_f1 is not None])
    return CurvePoint(
        labels=one.labels,
        accuracy=float(accuracy.mean()),
        macro_f1=float(f1.mean()) if len(f1) else None,
        learner=one.learner,
        seconds=float(np.mean([run.seconds for run in runs])),
        strategy=one.strategy,
        seeds=len(runs),
        accuracy_sd=_sd(accuracy.tolist()),
        low=float(accuracy.min()),
        high=float(accuracy.max()),
        macro_f1_sd=_sd(f1.tolist()) if len(f1) else None,
        agreement=float(np.mean([run.figures.agreement for run in runs])),
    )


def _sd(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
