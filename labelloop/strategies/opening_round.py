"""The first questions, as long as a model knows too little for its doubts to be worth one."""

import numpy as np

from labelloop.strategies.base import Candidates
from labelloop.strategies.pool import without
from labelloop.strategies.typical import typical

SHORTEST = 50
EACH = 2
"""Labels that make the end of the opening: fifty, or two for each label of the field if that is more."""


def is_opening(candidates: Candidates) -> bool:
    """Return whether too little is known for anything but an opening."""
    return candidates.margins is None or len(candidates.labelled) < _length(candidates)


def opening(candidates: Candidates, n: int, rng: np.random.Generator) -> list[int]:
    """Return n candidates from all over the pool, typical ones.

    As many clusters are asked about as labels are missing at the end of the opening; what is left of the n follows.
    """
    missing = _length(candidates) - len(candidates.labelled)
    first = typical(candidates, min(n, missing) if missing > 0 else n, rng)
    return first + typical(without(candidates, first), n - len(first), rng)


def _length(candidates: Candidates) -> int:
    return max(SHORTEST, EACH * candidates.label_count)
