"""Query by committee of two (Seung et al. 1992): ask where the champion and another candidate differ."""

import numpy as np

from labelloop.strategies.base import Candidates
from labelloop.strategies.mixed import mixed
from labelloop.strategies.opening_round import is_opening, opening

SHARE = 0.5
"""Where one model is plainly worse than the other, most disagreements are its mistakes and teach the other nothing."""


def disagreement(candidates: Candidates, n: int, rng: np.random.Generator) -> list[int]:
    """Return n candidates: those of an opening, then half of them such as the two answer differently.

    The other half is chosen by cluster-margin, and all of them are where there is no other candidate to ask.
    """
    if is_opening(candidates):
        return opening(candidates, n, rng)
    guesses, rivals = candidates.guesses, candidates.rivals()
    differ = [row for row, (one, other) in enumerate(zip(guesses or (), rivals or (), strict=False)) if one != other]
    return mixed(candidates, n, rng, np.array(differ, dtype=np.int64), SHARE)
