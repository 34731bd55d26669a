"""From which margin on a model's labels may stand, so that the finished data set keeps its promised error.

Candès, Ilyas and Zrnic 2025, "Probably Approximately Correct Labels", arXiv 2506.10908.
"""

from bisect import bisect_right
from dataclasses import dataclass
from math import ceil, floor, inf, log, log1p

import numpy as np
import scipy  # its parts are imported where they are first used
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PacThreshold:
    """Model labels may stand where margin >= `threshold` (infinite: nowhere); people give all the others.

    Of the n certified tasks the model has `errors` wrong, and `automated` reach the threshold, of which up to `allowed`
    may be wrong. `certifiable` is false where n is too small to promise anything, even without an error; `allowed` is
    then 0.
    """

    threshold: float
    allowed: int
    errors: int
    automated: int
    certifiable: bool


def pac_threshold(
    margin: NDArray[np.float64], wrong: NDArray[np.bool_], *, max_error: float, delta: float, pool: int | None = None
) -> PacThreshold:
    """Return the lowest threshold that keeps the pool's error <= max_error with probability >= 1 - delta.

    `margin` and `wrong`, both of shape (n,), are of tasks drawn uniformly from the pool after the model was frozen;
    any ranking will do, calibrated or not. `pool` is the number of tasks drawn from, those n included, None for an
    endless one. The tasks drawn get people's labels, so only the model's errors on the others count. Tasks of equal
    margin stand or fall together. Raises ValueError where the shapes differ, a margin is not a number, or n > pool.

    One bound over all n serves every threshold, without a correction for trying many: as the threshold sinks, the
    errors at or above it grow, and `allowed_errors` bounds the probability that too many of the others have come before
    more than `allowed` of those drawn.
    >>> pac_threshold(np.array([0.9, 0.8, 0.1]), np.array([False, False, True]), max_error=0.7, delta=0.05)
    PacThreshold(threshold=0.8, allowed=0, errors=1, automated=2, certifiable=True)
    """
    scores, mistakes = np.asarray(margin, np.float64), np.asarray(wrong, np.bool_)
    if scores.ndim != 1 or scores.shape != mistakes.shape or np.isnan(scores).any():
        raise ValueError("margin and wrong are one-dimensional, of one length, and without NaN")
    errors = int(mistakes.sum())
    allowed = allowed_errors(len(scores), max_error=max_error, delta=delta, pool=pool)
    if allowed < 0:
        return PacThreshold(inf, 0, errors, 0, certifiable=False)
    automated = most_automated(scores, mistakes, allowed)
    threshold = float(np.sort(scores)[-automated]) if automated else inf
    return PacThreshold(threshold, allowed, errors, automated, certifiable=True)


def most_automated(margin: NDArray[np.float64], wrong: NDArray[np.bool_], allowed: int) -> int:
    """Return how many tasks of the highest margin have at most `allowed` errors; those of one margin count together.

    >>> most_automated(np.array([0.9, 0.8, 0.8]), np.array([False, False, True]), 0)
    1
    """
    order = np.argsort(-margin, kind="stable")
    ranked = margin[order]
    ends_a_tie = np.append(ranked[1:] != ranked[:-1], True)
    stands = np.flatnonzero(ends_a_tie & (np.cumsum(wrong[order]) <= allowed))
    return int(stands[-1]) + 1 if len(stands) else 0


def smallest_sample(max_error: float, delta: float) -> int:
    """Return the least n of a large pool with which anything can be promised: (1 - max_error)^n <= delta.

    Raises ValueError where either is not in (0, 1).
    >>> [smallest_sample(max_error, 0.05) for max_error in (0.02, 0.05, 0.1)]
    [149, 59, 29]
    """
    _shares(max_error, delta)
    return ceil(log(delta) / log1p(-max_error))


def allowed_errors(n: int, *, max_error: float, delta: float, pool: int | None = None) -> int:
    """Return the most errors among the n drawn that still keep the promise, -1 where not even none does.

    Count the model's errors in the pool from its surest answer down. The promise breaks at the m-th that was not drawn,
    m being the first number above max_error * pool. That happens before more than q were drawn just if of the first
    m + q at most q were drawn: a hypergeometric probability, whatever the model, which has to be <= delta. Without a
    `pool` it is that of n draws with a share max_error of errors. Raises ValueError where `max_error` or `delta` is not
    in (0, 1), or n > pool.
    >>> [allowed_errors(n, max_error=0.05, delta=0.05) for n in (58, 59, 300)]
    [-1, 0, 8]
    >>> [allowed_errors(300, max_error=0.05, delta=0.05, pool=pool) for pool in (600, 1500, 10_000)]
    [18, 11, 8]
    """
    _shares(max_error, delta)
    if pool is not None and n > pool:
        raise ValueError(f"{n} tasks cannot be drawn from {pool}")

    def risk(errors: int) -> float:
        if pool is None:
            return float(scipy.stats.binom.cdf(errors, n, max_error))
        too_many = floor(max_error * pool) + 1
        first = min(too_many + errors, pool)
        return float(scipy.stats.hypergeom.cdf(first - too_many, pool, first, n))

    return bisect_right(range(n + 1), delta, key=risk) - 1


def _shares(max_error: float, delta: float) -> None:
    if not (0 < max_error < 1 and 0 < delta < 1):
        raise ValueError(f"max_error {max_error} and delta {delta} are to be between 0 and 1")
