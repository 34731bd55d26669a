"""How large a share of the pool is, from a few of people's labels and the model's opinion of all the rest.

Angelopoulos, Duchi and Zrnic 2023, "PPI++: Efficient Prediction-Powered Inference", arXiv 2311.01453.
"""

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported where they are first used
from numpy.typing import NDArray

from labelloop.stats.intervals import Interval, wilson

FEWEST = 10
"""So many labelled tasks must have the label, and so many not, before a normal interval is trusted."""


@dataclass(frozen=True, slots=True)
class EstimatedShare:
    """A share and its interval, both in [0, 1]; `weight`, in [0, 1], says how far the model's opinion was used."""

    share: float
    interval: Interval
    weight: float


def prediction_powered_share(
    labelled: NDArray[np.bool_],
    predicted_labelled: NDArray[np.float64],
    predicted_unlabelled: NDArray[np.float64],
    confidence: float = 0.95,
) -> EstimatedShare:
    """Return the share of a label in the pool that n labelled tasks were drawn from at random.

    `labelled`, shape (n,), says which have the label; the probabilities the model gives it are `predicted_labelled`,
    shape (n,), and `predicted_unlabelled`, shape (N,), of all other tasks. With weight w the estimate is
    w * mean(unlabelled) + mean(label - w * predicted), w = cov(label, predicted) / ((1 + n/N) * var(predicted)) within
    [0, 1] (their equation 11 for a mean). For rare labels, or without any other task, it is the labelled share with
    Wilson's interval, weight 0. Raises ValueError where shapes differ or nothing is labelled.
    """
    y, f, rest = (np.asarray(a, np.float64) for a in (labelled, predicted_labelled, predicted_unlabelled))
    n, others = len(y), len(rest)
    if y.shape != f.shape or not n:
        raise ValueError("labelled and predicted_labelled are of one length, and not empty")
    if min(y.sum(), n - y.sum()) < FEWEST or not others:
        return EstimatedShare(float(y.mean()), wilson(float(y.sum()), n, confidence), 0.0)
    variance = float(np.concatenate([f, rest]).var(ddof=1))
    covariance = float(((y - y.mean()) * (f - f.mean())).sum() / (n - 1))
    weight = min(1.0, max(0.0, covariance / ((1 + n / others) * variance))) if variance > 0 else 0.0
    share = weight * float(rest.mean()) + float((y - weight * f).mean())
    spread = weight**2 * float(rest.var()) / others + float((y - weight * f).var(ddof=1)) / n
    half = float(scipy.special.ndtri(0.5 + confidence / 2) * np.sqrt(spread))
    within = np.clip([share, share - half, share + half], 0.0, 1.0)
    return EstimatedShare(float(within[0]), Interval(float(within[1]), float(within[2])), weight)
