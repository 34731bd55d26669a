"""From another program's score to the probability that it is right: a logistic curve over the score's log-odds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ENOUGH = 30
_CLIP = 1e-3
_STEEPEST = 20.0


@dataclass(frozen=True, slots=True)
class PlattScaling:
    """A curve that never falls: with slope 1 and offset 0 a score is the probability, with slope 0 it says nothing."""

    slope: float
    offset: float

    def __call__(self, scores: Sequence[float]) -> NDArray[np.float64]:
        """Return the probabilities, shape (n,), of scores in [0, 1]."""
        odds = self.slope * _log_odds(np.asarray(scores, np.float64)) + self.offset
        found: NDArray[np.float64] = 0.5 * (1.0 + np.tanh(0.5 * odds))
        return found


def fit_platt(scores: Sequence[float], right: Sequence[bool]) -> PlattScaling:
    """Return the curve of least loss on judged scores in [0, 1].

    With fewer than 30, or where all scores are the same, it is flat at (right + 1) / (n + 2). Right and wrong count as
    (right + 1) / (right + 2) and 1 / (wrong + 2), so that a few lucky answers make nobody sure. Platt 1999,
    "Probabilistic Outputs for Support Vector Machines", section 2.2; the log-odds are Kull et al. 2017's.
    """
    from scipy.optimize import minimize

    x, hits = _log_odds(np.asarray(scores, np.float64)), np.asarray(right, bool)
    good, bad = int(hits.sum()), int((~hits).sum())
    flat = PlattScaling(0.0, float(np.log((good + 1) / (bad + 1))))
    if len(x) < ENOUGH or np.ptp(x) == 0.0:
        return flat
    target = np.where(hits, (good + 1) / (good + 2), 1 / (bad + 2))

    def loss(free: NDArray[np.float64]) -> float:
        odds = free[0] * x + free[1]
        return float(np.mean(np.logaddexp(0.0, odds) - target * odds))

    best = minimize(loss, (1.0, flat.offset), bounds=((0.0, _STEEPEST), (None, None)), method="L-BFGS-B").x
    return PlattScaling(float(best[0]), float(best[1]))


def _log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(scores, _CLIP, 1 - _CLIP)
    found: NDArray[np.float64] = np.log(clipped) - np.log1p(-clipped)
    return found
