"""Whether a stated confidence is the share of right answers, and how to make it so."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Isotonic:
    """A rising map from confidence to share of right answers, both in [0, 1]: straight between its points."""

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    def __call__(self, confidence: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the calibrated confidence, the same shape; beyond the points their ends hold."""
        return np.asarray(np.interp(confidence, self.confidence, self.accuracy), np.float64)


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


def brier_score(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float | None:
    """Return the mean squared gap, in [0, 1], of confidence and being right (1 or 0); None of no answer.

    Brier 1950, "Verification of forecasts expressed in terms of probability".
    """
    return float(np.mean((confidence - right) ** 2)) if len(confidence) else None


def fit_isotonic(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Isotonic:
    """Return the rising map with the least squared error; both arguments of shape (n,), n at least 1.

    Zadrozny and Elkan 2002, "Transforming classifier scores into accurate multiclass probability estimates".
    """
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0.0, y_max=1.0).fit(confidence, right)
    return Isotonic(np.asarray(fitted.X_thresholds_, np.float64), np.asarray(fitted.y_thresholds_, np.float64))
