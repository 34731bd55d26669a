"""Chance: the control that every other strategy is measured against."""

import numpy as np

from labelloop.strategies.base import Candidates


def random(candidates: Candidates, n: int, rng: np.random.Generator) -> list[int]:
    """Return n candidates drawn uniformly, in random order."""
    ids: list[int] = rng.permutation(candidates.ids)[: max(n, 0)].tolist()
    return ids
