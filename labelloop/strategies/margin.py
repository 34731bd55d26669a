"""Breaking ties: ask where the two likeliest labels are closest (Scheffer et al. 2001)."""

import numpy as np
from numpy.typing import NDArray

from labelloop.strategies.base import Candidates
from labelloop.strategies.random import random


def margin(candidates: Candidates, n: int, rng: np.random.Generator) -> list[int]:
    """Return the n candidates of the smallest margins, smallest first, ties by chance; without a model, random ones."""
    if candidates.margins is None:
        return random(candidates, n, rng)
    ids: list[int] = candidates.ids[closest(candidates.margins, n, rng)].tolist()
    return ids


def closest(margins: NDArray[np.float64], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the rows of the n smallest margins, smallest first, ties by chance."""
    shuffled = rng.permutation(len(margins))
    return shuffled[np.argsort(margins[shuffled], kind="stable")][: max(n, 0)]
