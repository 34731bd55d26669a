"""What the strategies share: smaller pools and clusters."""

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from labelloop.strategies.base import Candidates

LARGE = 50_000
ENOUGH = 20_000
_SLOW = 20_000_000
"""Vectors times clusters times 2 from which on k-means works on batches instead of everything."""


def only(candidates: Candidates, rows: NDArray[np.int64]) -> Candidates:
    """Return the candidates of these rows, in this order; their rivals are still those of all."""
    margins, guesses = candidates.margins, candidates.guesses
    return replace(
        candidates,
        ids=candidates.ids[rows],
        vectors=candidates.vectors[rows],
        margins=None if margins is None else margins[rows],
        guesses=None if guesses is None else tuple(guesses[row] for row in rows),
    )


def without(candidates: Candidates, ids: Sequence[int]) -> Candidates:
    """Return the candidates but those of the ids."""
    return only(candidates, np.flatnonzero(~np.isin(candidates.ids, np.array(ids, dtype=np.int64))))


def thinned(candidates: Candidates, n: int, rng: np.random.Generator) -> Candidates:
    """Return a random 20,000 (at least n) of more than 50,000 candidates: more would take minutes to cluster."""
    if len(candidates.ids) <= LARGE:
        return candidates
    return only(candidates, rng.choice(len(candidates.ids), max(ENOUGH, min(n, len(candidates.ids))), replace=False))


def clusters(
    vectors: NDArray[np.float32], count: int, rng: np.random.Generator, weights: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Group vectors, shape (n, d), by k-means into at most `count` <= n clusters, fewer where vectors repeat.

    Returns each vector's cluster, shape (n,), and the centres, shape (count, d); the same for the same generator.
    """
    from sklearn.cluster import KMeans, MiniBatchKMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    seed = int(rng.integers(2**31))
    if len(vectors) * count <= _SLOW // 2:
        algorithm = KMeans(count, n_init=1, random_state=seed)
    else:
        algorithm = MiniBatchKMeans(count, n_init=1, batch_size=2048, random_state=seed)
    # One thread, since the order in which several add up their parts is not the same twice.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct vectors than clusters
        algorithm.fit(vectors, sample_weight=weights)
    return algorithm.labels_.astype(np.int64), algorithm.cluster_centers_
