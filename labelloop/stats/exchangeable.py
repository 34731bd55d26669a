"""Whether one of several people gives a label more often than chance among equals would have it."""

from collections.abc import Mapping

import numpy as np
import scipy  # its parts are imported where they are first used
from numpy.typing import NDArray


def p_value_among_equals(times: int, drawn: Mapping[tuple[int, int], int]) -> float:
    """Return how probable so extreme a count is where people are exchangeable, two-sided, in (0, 1].

    `drawn` counts tasks by (k, m): k of the m people who answered gave the label, 0 < k < m, so that each of them is
    one of the k with probability k / m. `times` is on how many of these tasks the person in question is. The count is
    then Poisson-binomial, whose distribution is computed exactly; with two people on every task this is McNemar's test.
    Raises ValueError where `times` cannot be.
    >>> p_value_among_equals(6, {(1, 2): 6}), p_value_among_equals(3, {(1, 2): 6}), p_value_among_equals(0, {})
    (0.03125, 1.0, 1.0)
    """
    if not 0 <= times <= sum(drawn.values()):
        raise ValueError(f"{times} is not within 0 ... {sum(drawn.values())}")
    chances: NDArray[np.float64] = np.ones((1,))
    for (k, m), tasks in drawn.items():
        chances = _sum_of(chances, _binomial(tasks, k / m))
    tail = min(float(chances[: times + 1].sum()), float(chances[times:].sum()))
    return min(1.0, 2 * round(tail, 12))


def _sum_of(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities of the sum of two independent counts."""
    return np.asarray(np.convolve(one, other), np.float64)


def _binomial(n: int, share: float) -> NDArray[np.float64]:
    """Return the probabilities of 0 to n successes."""
    counts = np.arange(n + 1)
    log_ways = scipy.special.gammaln(n + 1) - scipy.special.gammaln(counts + 1) - scipy.special.gammaln(n - counts + 1)
    return np.asarray(np.exp(log_ways + counts * np.log(share) + (n - counts) * np.log1p(-share)), np.float64)
