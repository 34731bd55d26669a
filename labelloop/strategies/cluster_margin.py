"""Cluster-margin: doubtful tasks that are not all alike (Citovsky et al. 2021), after an opening."""

import numpy as np
from numpy.typing import NDArray

from labelloop.strategies.base import Candidates
from labelloop.strategies.margin import closest
from labelloop.strategies.opening_round import is_opening, opening
from labelloop.strategies.pool import clusters, only, thinned
from labelloop.strategies.random import random

DOUBTFUL = 8
"""How many doubtful candidates are clustered for each one that is asked for."""


def typical_then_cluster_margin(candidates: Candidates, n: int, rng: np.random.Generator) -> list[int]:
    """Return n candidates: those of an opening as long as little is known, then doubtful ones of different kinds."""
    return (opening if is_opening(candidates) else cluster_margin)(candidates, n, rng)


def cluster_margin(candidates: Candidates, n: int, rng: np.random.Generator) -> list[int]:
    """Return n candidates, smallest margin first, one of each of n clusters of the 8 n smallest margins.

    Clusters weigh a candidate by 1 - margin and give the one nearest to their centre. Where repeated vectors leave
    fewer clusters than places, the smallest margins left fill them. Random before there is a model.
    """
    if candidates.margins is None:
        return random(candidates, n, rng)
    pool = thinned(candidates, n, rng)
    n = min(n, len(pool.ids))
    if n <= 0 or pool.margins is None:
        return []
    doubtful = only(pool, closest(pool.margins, DOUBTFUL * n, rng))
    chosen = _nearest_to_centres(doubtful, n, rng)
    others = np.setdiff1d(np.arange(len(doubtful.ids)), chosen)[: n - len(chosen)]
    ids: list[int] = doubtful.ids[np.sort(np.concatenate([chosen, others]))].tolist()
    return ids


def _nearest_to_centres(doubtful: Candidates, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    assert doubtful.margins is not None
    doubt = 1.0 - doubtful.margins
    groups, centres = clusters(doubtful.vectors, n, rng, np.maximum(doubt, 1e-6))
    distances = np.linalg.norm(doubtful.vectors - centres[groups], axis=1)
    nearest_first = np.lexsort((distances, groups))
    _, first = np.unique(groups[nearest_first], return_index=True)
    one_of_each: NDArray[np.int64] = nearest_first[first]
    return one_of_each
