"""The likeliest tags that make sense: nothing goes on that has not begun."""

import numpy as np
from numpy.typing import NDArray

from labelloop.learners.spans.tag_sets import Tags

_TINY = 1e-12


def decode(probabilities: NDArray[np.float64]) -> Tags:
    """Return the tags of the largest product of probabilities, shape (n,), each legal after the one before.

    probabilities has shape (n, 2k + 1) for a layer of k labels. Viterbi 1967, with transitions that are either free or
    forbidden.
    """
    n, width = probabilities.shape
    if n == 0:
        return np.zeros(0, np.int64)
    scores = np.log(np.maximum(probabilities, _TINY))
    goes_on = np.arange(2, width, 2)
    came_from = np.zeros((n, width), np.int64)
    best = scores[0].copy()
    best[goes_on] = -np.inf
    for place in range(1, n):
        before = np.full(width, int(best.argmax()))
        before[goes_on] = np.where(best[goes_on - 1] >= best[goes_on], goes_on - 1, goes_on)
        came_from[place] = before
        best = best[before] + scores[place]
    tags = np.empty(n, np.int64)
    tags[-1] = best.argmax()
    for place in range(n - 1, 0, -1):
        tags[place - 1] = came_from[place, tags[place]]
    return tags
