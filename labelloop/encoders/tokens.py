"""A vector for each token of a text, in place of one for the whole."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from labelloop.encoders.base import Encode, Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """A text's n tokens: `offsets` of shape (n, 2) in code points, the end exclusive, `vectors` of shape (n, d)."""

    offsets: NDArray[np.int64]
    vectors: Vectors


@runtime_checkable
class EncodesTokens(Protocol):
    """What an encoder adds that knows more than the vector of a whole text."""

    def tokens(self, text: str) -> Tokens | None:
        """Return the tokens of the text as far as spans are looked for; None where only texts have vectors."""


def tokens_of(encode: Encode, text: str) -> Tokens | None:
    """Return the text's tokens if the encoder has vectors for them."""
    return encode.tokens(text) if isinstance(encode, EncodesTokens) else None


def read_windows(
    windows: Sequence[Encoding], shared: int, prefix: int, run: Callable[[Sequence[int]], Vectors]
) -> Tokens:
    """Return the tokens of a text that the tokenizer cut into windows, each `shared` tokens longer than the next began.

    Of the tokens that two windows share each keeps the half farther from its end, whose vectors have seen more of the
    text around them. `prefix` is the length of what was put before the text, in code points; `run` turns the ids of a
    window into one vector each, shape (n, d).
    """
    pieces = list(_pieces(windows, shared, run))
    offsets = np.concatenate([piece.offsets for piece in pieces]) - prefix
    inside = offsets[:, 1] > 0
    vectors = np.concatenate([piece.vectors for piece in pieces])
    return Tokens(np.maximum(offsets[inside], 0), vectors[inside])


def _pieces(windows: Sequence[Encoding], shared: int, run: Callable[[Sequence[int]], Vectors]) -> Iterator[Tokens]:
    for number, window in enumerate(windows):
        meant = np.flatnonzero(~np.array(window.special_tokens_mask, bool))
        meant = meant[shared // 2 if number else 0 :]
        if number < len(windows) - 1:
            meant = meant[: len(meant) - (shared - shared // 2)]
        vectors = run(window.ids)
        yield Tokens(np.array(window.offsets, np.int64).reshape(-1, 2)[meant], vectors[meant])
