"""Texts that are nearly the same as others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from labelloop.learners.base import Encode

NEAR_COPY = 0.97
"""Texts whose vectors have a cosine above this are taken to be copies of each other."""

_AT_ONCE = 1000


def near_copies(texts: Sequence[str], of: Sequence[str], *, encode: Encode) -> NDArray[np.bool_]:
    """Return which of the texts are nearly the same as one `of` the others, shape (len(texts),).

    Memory stays flat however many others there are.
    """
    found = np.zeros(len(texts), np.bool_)
    if not len(texts):
        return found
    vectors = encode(texts)
    for start in range(0, len(of), _AT_ONCE):
        found |= (vectors @ encode(of[start : start + _AT_ONCE]).T).max(axis=1) > NEAR_COPY
    return found
