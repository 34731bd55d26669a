"""Whether a model is, task by task, no worse than people by more than a margin.

The one-sided paired t test against a margin: Blackwelder 1982, "'Proving the null hypothesis' in clinical trials".
"""

from dataclasses import dataclass
from math import ceil, hypot, inf, sqrt

import numpy as np
import scipy  # its parts are imported where they are first used
from numpy.typing import NDArray

from labelloop.stats.intervals import clopper_pearson_upper

FEW_GAINS = 20
"""With fewer tasks than this above the usual difference, the t bound alone promises too much."""

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

    lower = mean - t(1 - alpha, n - 1) * sd / sqrt(n). Where most tasks are alike and hardly any is a gain, few losses
    tell too little of their spread: then the lower of this and of a bound by counts is taken (`_by_counts`). With n < 2
    there is no bound: lower is -inf (and the mean of none is 0).
    """
    values = np.asarray(differences, np.float64)
    n = len(values)
    mean = float(values.mean()) if n else 0.0
    if n < 2:
        return NonInferiority(mean, -inf, n, reached=False)
    lower = mean - float(scipy.special.stdtrit(n - 1, 1 - alpha)) * float(values.std(ddof=1)) / sqrt(n)
    if _few_gains(values):
        lower = min(lower, _by_counts(values, n, alpha))
    return NonInferiority(mean, lower, n, lower > -margin)


def tasks_needed(differences: NDArray[np.float64], *, margin: float, alpha: float, power: float = 0.8) -> int | None:
    """Return how many tasks in all give the test this power if the truth is as observed; None where mean <= -margin.

    With fewer than two differences nothing is known of their spread: it is taken to be 1, the largest, around 0. Where
    the bound by counts decides, the number is one that suffices if losses and gains come exactly as often as observed.
    """
    values = np.asarray(differences, np.float64)
    mean = float(values.mean()) if len(values) else 0.0
    if mean <= -margin:
        return None
    if len(values) < 2:
        return _tasks(1.0, margin, alpha, power)
    needed = _tasks(float(values.std(ddof=1)), mean + margin, alpha, power)
    return _enough_counts(values, needed, margin, alpha) if _few_gains(values) else needed


def sample_size(disagreement: float, margin: float, alpha: float, power: float) -> int:
    """Return how many tasks show that a model is as good as a second person, if it is, by the normal approximation.

    `disagreement` is the share of tasks, in (0, 1], where exactly one of the two agrees with the first person: the
    variance of the differences. Julious 2004, "Sample sizes for clinical trials with normal data", section 5.
    >>> sample_size(0.2, 0.1, alpha=0.05, power=0.8)
    124
    """
    quantiles = float(scipy.special.ndtri(1 - alpha)) + float(scipy.special.ndtri(power))
    return ceil(quantiles**2 * disagreement / margin**2)


def _tasks(sd: float, distance: float, alpha: float, power: float) -> int:
    """Return n >= ((t(1 - alpha, n - 1) + t(power, n - 1)) * sd / distance)^2 (Julious 2004)."""
    n = max(2, sample_size(sd * sd, distance, alpha, power))
    for _ in range(_REFINEMENTS):
        quantiles = float(scipy.special.stdtrit(n - 1, 1 - alpha)) + float(scipy.special.stdtrit(n - 1, power))
        refined = max(2, ceil((quantiles * sd / distance) ** 2))
        if refined == n:
            break
        n = refined
    return n


def _few_gains(values: NDArray[np.float64]) -> bool:
    return int((values > np.median(values) + _SAME).sum()) < FEW_GAINS


def _by_counts(values: NDArray[np.float64], n: int, alpha: float) -> float:
    """Return the lower bound of the mean for n tasks on which losses and gains are as frequent as among the values.

    They are counted from the usual value, the median, in parts of the largest there can be, and bounded by Clopper and
    Pearson: losses from above, gains from below. The two bounds are put together as in Zou and Donner 2008,
    "Construction of confidence limits about effect measures: a general approach". If all values are the same it is
    Hanley and Lippman-Hand 1983, "If nothing goes wrong, is everything all right?": a share of 1 - alpha^(1/n) of the
    tasks not seen may be at -1.
    """
    usual = float(np.median(values))
    down, up = max(usual + 1, _SAME), max(1 - usual, _SAME)
    loss = min(float(np.maximum(usual - values, 0).mean()) / down, 1.0)
    gain = min(float(np.maximum(values - usual, 0).mean()) / up, 1.0)
    most = clopper_pearson_upper(loss * n, n, alpha)
    least = 1 - clopper_pearson_upper((1 - gain) * n, n, alpha)
    return usual + up * gain - down * loss - hypot(up * (gain - least), down * (most - loss))


def _enough_counts(values: NDArray[np.float64], least: int, margin: float, alpha: float) -> int:
    """Return the smallest number of tasks from `least` on, or from 2 if all are the same, whose bound is > -margin."""
    short = 1 if float(np.ptp(values)) <= _SAME else least - 1
    enough = max(least, 2)
    while _by_counts(values, enough, alpha) <= -margin:
        short, enough = enough, 2 * enough
    while enough - short > 1:
        middle = (short + enough) // 2
        if _by_counts(values, middle, alpha) > -margin:
            enough = middle
        else:
            short = middle
    return enough
