"""A share of the places for tasks of one sort, the rest for any doubtful ones."""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from labelloop.strategies.base import Candidates
from labelloop.strategies.cluster_margin import cluster_margin
from labelloop.strategies.pool import only, without


def mixed(candidates: Candidates, n: int, rng: np.random.Generator, rows: NDArray[np.int64], share: float) -> list[int]:
    """Return n candidates, at most this share (rounded up) for `rows`; both parts are chosen by cluster-margin.

    The two are spread evenly, so that the share holds for any beginning of the queue.
    """
    n = min(n, len(candidates.ids))
    if n <= 0:
        return []
    first = cluster_margin(only(candidates, rows), min(ceil(n * share), len(rows)), rng)
    rest = cluster_margin(without(candidates, first), n - len(first), rng)
    places = [((place + 0.5) / len(part), id_) for part in (first, rest) for place, id_ in enumerate(part)]
    return [id_ for _, id_ in sorted(places)]
