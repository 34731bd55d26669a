"""Whether a stated confidence is the share of right answers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The n answers whose confidence is above `low` up to `high`: their mean confidence and share of right ones."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


def reliability(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """Return the bins of equal width over [0, 1] that hold an answer, in order; both arguments of shape (n,).

    Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks".
    """
    places = np.clip(np.ceil(np.asarray(confidence) * bins).astype(int) - 1, 0, bins - 1)
    table = []
    for place in np.unique(places).tolist():
        inside = places == place
        mean, accuracy = float(confidence[inside].mean()), float(right[inside].mean())
        table.append(ReliabilityBin(place / bins, (place + 1) / bins, int(inside.sum()), mean, accuracy))
    return tuple(table)


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = BINS) -> float | None:
    """Return the expected calibration error, in [0, 1]: the mean gap of the bins by their size; None of no answer.

    Naeini, Cooper and Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning".
    """
    table = reliability(confidence, right, bins)
    return sum(b.n * abs(b.confidence - b.accuracy) for b in table) / len(confidence) if table else None
