"""Whether a model is, task by task, no worse than people by more than a margin.

The one-sided paired t test against a margin: Blackwelder 1982, "'Proving the null hypothesis' in clinical trials".
"""

from dataclasses import dataclass
from math import ceil, floor, inf, log, log1p, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

_SAME = 1e-12
_REFINEMENTS = 10


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """The mean difference over n tasks and its lower confidence bound; `reached` iff that is above -margin."""

    mean: float
    lower: float
    n: int
    reached: bool


def noninferiority(differences: NDArray[np.float64], *, margin: float, alpha: float) -> NonInferiority:
    """Test paired differences (model minus people), shape (n,), each within [-1, 1], at one-sided level alpha.

    lower = mean - t(1 - alpha, n - 1) * sd / sqrt(n), but
    - with n < 2 there is no bound: lower is -inf (and the mean of none is 0);
    - where all differences are the same, sd says nothing of the tasks not seen. With confidence 1 - alpha at most a
      share u = 1 - alpha^(1/n) of tasks is different (Hanley and Lippman-Hand 1983, "If nothing goes wrong, is
      everything all right?"), at worst -1 each: lower = mean - u * (mean + 1).
    """
    values = np.asarray(differences, np.float64)
    n = len(values)
    mean = float(values.mean()) if n else 0.0
    if n < 2:
        lower = -inf
    elif _all_the_same(values):
        lower = mean - (1 - alpha ** (1 / n)) * (mean + 1)
    else:
        lower = mean - float(stdtrit(n - 1, 1 - alpha)) * float(values.std(ddof=1)) / sqrt(n)
    return NonInferiority(mean, lower, n, lower > -margin)


def tasks_needed(differences: NDArray[np.float64], *, margin: float, alpha: float, power: float = 0.8) -> int | None:
    """Return how many tasks in all give the test this power if the truth is as observed; None where mean <= -margin.

    With fewer than two differences nothing is known of their spread: it is taken to be 1, the largest, around 0.
    """
    values = np.asarray(differences, np.float64)
    mean = float(values.mean()) if len(values) else 0.0
    if mean <= -margin:
        return None
    if len(values) < 2:
        return _tasks(1.0, margin, alpha, power)
    if _all_the_same(values):
        share = (mean + margin) / (mean + 1)
        return max(2, floor(log(alpha) / log1p(-share)) + 1) if share < 1 else 2
    return _tasks(float(values.std(ddof=1)), mean + margin, alpha, power)


def sample_size(disagreement: float, margin: float, alpha: float, power: float) -> int:
    """Return how many tasks show that a model is as good as a second person, if it is, by the normal approximation.

    `disagreement` is the share of tasks, in (0, 1], where exactly one of the two agrees with the first person: the
    variance of the differences. Julious 2004, "Sample sizes for clinical trials with normal data", section 5.
    >>> sample_size(0.2, 0.1, alpha=0.05, power=0.8)
    124
    """
    return ceil((float(ndtri(1 - alpha)) + float(ndtri(power))) ** 2 * disagreement / margin**2)


def _tasks(sd: float, distance: float, alpha: float, power: float) -> int:
    """Return n >= ((t(1 - alpha, n - 1) + t(power, n - 1)) * sd / distance)^2 (Julious 2004)."""
    n = max(2, sample_size(sd * sd, distance, alpha, power))
    for _ in range(_REFINEMENTS):
        quantiles = float(stdtrit(n - 1, 1 - alpha)) + float(stdtrit(n - 1, power))
        refined = max(2, ceil((quantiles * sd / distance) ** 2))
        if refined == n:
            break
        n = refined
    return n


def _all_the_same(values: NDArray[np.float64]) -> bool:
    return float(np.ptp(values)) <= _SAME
