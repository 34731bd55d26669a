"""How much the figure of a chosen candidate is flattered by the choice."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 500


def optimism(agreements: NDArray[np.float64], choose: Callable[[NDArray[np.float64]], int], *, seed: int) -> float:
    """Return by how much the chosen candidate's mean agreement is too high, at least 0; 0 where nothing was chosen.

    `agreements` has one row per task and one column per candidate, shape (n, k); `choose` returns the column it picks
    from such an array. The choice is repeated on resampled tasks, and each pick's mean there compared with its mean
    on all tasks. Efron 1983, "Estimating the error rate of a prediction rule" (the bootstrap estimate of optimism).
    """
    n, candidates = agreements.shape
    if n < 2 or candidates < 2:
        return 0.0
    rng, means = np.random.default_rng(seed), agreements.mean(axis=0)
    gains = []
    for _ in range(RESAMPLES):
        resample = agreements[rng.integers(n, size=n)]
        picked = choose(resample)
        gains.append(resample[:, picked].mean() - means[picked])
    return max(0.0, float(np.mean(gains)))
