"""A boost for labels that people have hardly met: some places go to tasks that the model takes for such."""

from collections import Counter

import numpy as np

from labelloop.domain.values import labels_of
from labelloop.strategies.base import Candidates
from labelloop.strategies.mixed import mixed
from labelloop.strategies.opening_round import is_opening, opening

SHARE = 0.25
"""No more than this: a model that has seen a label three times is mostly wrong where it guesses it."""
RARE = 0.5
"""A label is rare that was given less often than this part of its even share."""


def rare_labels(candidates: Candidates, n: int, rng: np.random.Generator) -> list[int]:
    """Return n candidates: those of an opening, then up to a quarter guessed to have a rare label.

    The others are chosen by cluster-margin, and all of them are where no guess is rare.
    """
    if is_opening(candidates):
        return opening(candidates, n, rng)
    given = Counter(label for value in candidates.settled for label in labels_of(value))
    even = sum(given.values()) / max(candidates.label_count, 1)
    rare = [
        row
        for row, value in enumerate(candidates.guesses or ())
        if any(given[label] < RARE * even for label in labels_of(value))
    ]
    return mixed(candidates, n, rng, np.array(rare, dtype=np.int64), SHARE)
