"""TypiClust: typical points of clusters nobody has labelled yet (Hacohen, Dekel & Weinshall 2022)."""

import numpy as np
from numpy.typing import NDArray

from labelloop.strategies.base import Candidates
from labelloop.strategies.pool import clusters, thinned

MOST_CLUSTERS = 500
NEIGHBOURS = 20
_ROWS = 512


def typical(candidates: Candidates, n: int, rng: np.random.Generator) -> list[int]:
    """Return n candidates: of as many clusters as there are labels and places, the most typical of each uncovered one.

    The largest cluster comes first. With more places than uncovered clusters the rest go round the clusters, those of
    fewest labels first. Typical is what has the highest mean cosine to its 20 nearest neighbours in its cluster.
    """
    pool = thinned(candidates, n, rng)
    n = min(n, len(pool.ids))
    if n <= 0:
        return []
    together = np.vstack([pool.labelled.reshape(-1, pool.vectors.shape[1]), pool.vectors])
    labelled = len(together) - len(pool.vectors)
    count = min(MOST_CLUSTERS, labelled + n, len(together))
    groups, _ = clusters(together, count, rng)
    covered = np.bincount(groups[:labelled], minlength=count)
    members = [np.flatnonzero(groups[labelled:] == group) for group in range(count)]
    ids: list[int] = pool.ids[_round_robin(pool.vectors, members, covered, n)].tolist()
    return ids


def typicality(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each unit vector's mean cosine to its 20 nearest neighbours among the others, shape (n,)."""
    k = min(NEIGHBOURS, len(vectors) - 1)
    means = np.zeros(len(vectors), np.float32)
    if k == 0:
        return means
    for start in range(0, len(vectors), _ROWS):
        cosines = vectors[start : start + _ROWS] @ vectors.T
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = -np.inf
        means[start : start + _ROWS] = np.partition(cosines, -k, axis=1)[:, -k:].mean(axis=1)
    return means


def _round_robin(
    vectors: NDArray[np.float32], members: list[NDArray[np.int64]], covered: NDArray[np.int64], n: int
) -> list[int]:
    left = np.array([len(rows) for rows in members])
    taken = covered.copy()
    queues: dict[int, list[int]] = {}
    chosen: list[int] = []
    while len(chosen) < n:
        group = int(np.lexsort((-left, taken, left == 0))[0])
        if group not in queues:
            rows = members[group]
            queues[group] = rows[np.argsort(-typicality(vectors[rows]), kind="stable")].tolist()
        chosen.append(queues[group].pop(0))
        left[group] -= 1
        taken[group] += 1
    return chosen
