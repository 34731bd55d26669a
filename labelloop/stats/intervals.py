"""How far a measured share or mean may be from the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import scipy  # its parts are imported where they are first used
from numpy.typing import NDArray

_DRAWS_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval, both ends included."""

    low: float
    high: float


def wilson(successes: float, n: int, confidence: float = 0.95) -> Interval:
    """Return the score interval of a share, within [0, 1]; all of [0, 1] where n is 0.

    Wilson 1927, "Probable inference, the law of succession, and statistical inference". `successes` may be fractional,
    as a sum of similarities is: the interval is then wider than need be.
    >>> wilson(90, 100)
    Interval(low=0.8256343384950865, high=0.9447708629393249)
    """
    if n == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share, square = successes / n, z * z / n
    centre = (share + square / 2) / (1 + square)
    half = z / (1 + square) * float(np.sqrt(max(share * (1 - share), 0.0) / n + square / (4 * n)))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def clopper_pearson_upper(errors: float, n: int, delta: float) -> float:
    """Return the share, in [0, 1], that the truth exceeds with probability at most `delta`; 1 where n is 0.

    Clopper and Pearson 1934, one-sided: the (1 - delta)-quantile of Beta(errors + 1, n - errors). `errors` may be
    fractional, as a sum of losses is: the bound is then higher than need be. Raises ValueError where errors are not
    within 0 ... n.
    """
    _within(errors, n)
    return 1.0 if errors == n else float(scipy.special.betaincinv(errors + 1, n - errors, 1 - delta))


def bootstrap_mean(
    values: Sequence[float] | NDArray[np.float64],
    *,
    confidence: float = 0.95,
    seed: int,
    resamples: int = 2000,
    limits: Interval = Interval(0.0, 1.0),
) -> Interval:
    """Return the percentile bootstrap interval of the mean of values that lie within `limits`.

    Fewer than two values say nothing of their spread: the answer is then `limits`.
    Efron 1979, "Bootstrap methods: another look at the jackknife".
    """
    sample = np.asarray(values, np.float64)
    n = len(sample)
    if n < 2:
        return limits
    rng = np.random.default_rng(seed)
    rows = max(1, _DRAWS_AT_ONCE // n)
    means = np.concatenate(
        [
            sample[rng.integers(n, size=(min(rows, resamples - start), n))].mean(axis=1)
            for start in range(0, resamples, rows)
        ]
    )
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(low), float(high))


def _within(part: float, whole: int) -> None:
    if not 0 <= part <= whole:
        raise ValueError(f"{part} is not within 0 ... {whole}")
