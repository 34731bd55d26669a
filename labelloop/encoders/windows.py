"""A long text in windows that an encoder can read, so that all of it has a part in its vector."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

Offsets = NDArray[np.int64]


def windows_of(offsets: Offsets, room: int, most: int) -> list[tuple[int, int]]:
    """Return where windows of at most `room` tokens start and end in a text, in code points, at most `most` of them.

    `offsets`, of shape (n, 2), are those of its tokens. The windows are equally long. They cover the text, or, where it
    is longer than all of them, are spread evenly over it, from its first token to its last.

    >>> windows_of(np.array([[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]), room=2, most=2)
    [(0, 2), (3, 5)]
    """
    tokens = len(offsets)
    count = min(-(-tokens // room), most)
    size = min(-(-tokens // max(count, 1)), room)
    starts = np.linspace(0, tokens - size, count).round().astype(int).tolist()
    return [(int(offsets[start, 0]), int(offsets[start + size - 1, 1])) for start in starts]


def offsets_of(pieces: Sequence[Encoding], shared: int) -> Offsets:
    """Return the offsets of a text's tokens, shape (n, 2), from overlapping pieces of it.

    `shared` is the number of tokens that a piece has in common with the one before.
    """
    found = [
        np.array(piece.offsets, np.int64).reshape(-1, 2)[~np.array(piece.special_tokens_mask, bool)] for piece in pieces
    ]
    return np.concatenate([found[0], *(each[shared:] for each in found[1:])])
