"""Which unlabelled texts an LLM labels for its student."""

import warnings
from collections.abc import Sequence

import numpy as np

from labelloop.domain.tasks import fingerprint
from labelloop.encoders.base import Encode
from labelloop.learners.base import Example
from labelloop.learners.pool_sample import sampled

MOST = 300
"""How many texts an LLM labels in one fit."""
POOL = 2_000
"""Unlabelled texts that are looked at; more would take minutes to cluster and gain nothing."""


def unlabelled(pool: Sequence[str], examples: Sequence[Example], seed: int) -> list[str]:
    """Return at most 2,000 distinct texts of the pool, sorted, that no example has: a person's label stands alone."""
    labelled = {fingerprint(example.text) for example in examples}
    return sampled((text for text in pool if text.strip() and fingerprint(text) not in labelled), POOL, seed)


def spread(texts: Sequence[str], encode: Encode, seed: int) -> list[str]:
    """Return at most 300 of the texts from all over them, typical ones, in random order.

    They are those nearest to the centres of as many clusters: a fit that must end early has a fair part of them.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    rng = np.random.default_rng(seed)
    chosen = np.arange(len(texts))
    if len(texts) > MOST:
        vectors = encode(texts)
        with warnings.catch_warnings(), threadpool_limits(1):  # several threads do not add up the same way twice
            warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct vectors than clusters
            ways = KMeans(MOST, n_init=1, random_state=seed).fit_transform(vectors)
        chosen = np.unique(ways.argmin(axis=0))
    return [texts[int(row)] for row in rng.permutation(chosen)]
