"""From which margin on a model's labels may stand, so that those labels by themselves keep a promised error.

Stricter than `pac`, where people's part of the data set makes up for the model's. Angelopoulos, Bates, Candès, Jordan
and Lei 2021, "Learn then Test", arXiv 2110.01052.
"""

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

COVERAGES = tuple(percent / 100 for percent in range(20, 101, 5))
"""The shares of the pool that may be automated, fixed before any label is seen."""

_STARTS = (0, 4, 8, 12)
"""Where in COVERAGES the four sequences of tests start: 0.2, 0.4, 0.6 and 0.8."""


@dataclass(frozen=True, slots=True)
class SelectiveThreshold:
    """Model labels may stand where margin >= `threshold` (infinite: nowhere), about `coverage` of the pool.

    Of the certified tasks `automated` reach the threshold, and `errors` of those are wrong.
    """

    threshold: float
    coverage: float
    automated: int
    errors: int


def selective_threshold(
    margin: NDArray[np.float64],
    wrong: NDArray[np.bool_],
    pool_margin: NDArray[np.float64],
    *,
    max_error: float,
    delta: float,
) -> SelectiveThreshold:
    """Return the loosest tested threshold above which the pool's error is <= max_error with probability >= 1 - delta.

    `margin` and `wrong`, shape (n,), are of tasks drawn uniformly from the pool, `pool_margin`, shape (N,), of
    all of it. Fixed-sequence testing with several starts (section 4.3 there): every start has an equal part of delta
    and tests looser and looser coverages until one is not rejected; the p-value of "the error above this threshold
    exceeds max_error" is the binomial probability of so few errors or fewer. Raises ValueError where shapes differ.
    """
    scores, mistakes = np.asarray(margin, np.float64), np.asarray(wrong, np.bool_)
    if scores.ndim != 1 or scores.shape != mistakes.shape:
        raise ValueError("margin and wrong are one-dimensional and of one length")
    if not len(pool_margin):
        return SelectiveThreshold(inf, 0.0, 0, 0)
    thresholds = _thresholds(np.asarray(pool_margin, np.float64))
    reaches = scores[:, None] >= thresholds
    automated, errors = reaches.sum(axis=0), (reaches & mistakes[:, None]).sum(axis=0)
    chosen = loosest_rejected(np.asarray(bdtr(errors, automated, max_error), np.float64), _STARTS, delta)
    if chosen is None:
        return SelectiveThreshold(inf, 0.0, 0, 0)
    return SelectiveThreshold(float(thresholds[chosen]), COVERAGES[chosen], int(automated[chosen]), int(errors[chosen]))


def loosest_rejected(p_values: NDArray[np.float64], starts: tuple[int, ...], delta: float) -> int | None:
    """Return the last index that a fixed sequence from any start reaches and rejects; None where none does."""
    ends = []
    for start in starts:
        rejected = np.logical_and.accumulate(p_values[start:] <= delta / len(starts))
        if rejected.any():
            ends.append(start + int(rejected.sum()) - 1)
    return max(ends, default=None)


def _thresholds(pool_margin: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the margin that each of COVERAGES reaches; ties may make it a little more."""
    ranked = np.sort(pool_margin)[::-1]
    places = np.ceil(np.array(COVERAGES) * len(ranked)).astype(int) - 1
    thresholds: NDArray[np.float64] = ranked[places]
    return thresholds
