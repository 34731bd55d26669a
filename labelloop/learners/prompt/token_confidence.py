"""How sure a model was of what decides in its response, from the probabilities of its tokens."""

import json
import re
from collections.abc import Sequence
from itertools import accumulate
from math import exp, isfinite

from labelloop.llm.chat_messages import ChatResponse


def certainty(response: ChatResponse, pieces: Sequence[str | float], *, long: bool) -> float | None:
    """Return the probability of the deciding pieces, in [0, 1]; None where the server gives no probabilities.

    It is the product over the tokens that write them, for long responses their geometric mean, whose length would count
    otherwise. Where the pieces cannot be found among the tokens, all tokens count.
    """
    if not response.tokens or not all(isfinite(token.logprob) for token in response.tokens):
        return None
    whole = b"".join(token.piece for token in response.tokens)
    ends = list(accumulate(len(token.piece) for token in response.tokens))
    starts = [0, *ends[:-1]]
    ranges = _ranges(whole, pieces) or [(0, len(whole))]
    counted = [
        token.logprob
        for token, start, end in zip(response.tokens, starts, ends, strict=True)
        if any(start < stop and begin < end for begin, stop in ranges)
    ]
    return min(exp(sum(counted) / (len(counted) if long and counted else 1)), 1.0)


def _ranges(whole: bytes, pieces: Sequence[str | float]) -> list[tuple[int, int]]:
    """Return where the pieces stand in the response, in its order, as JSON writes them; none where one is missing."""
    found: list[tuple[int, int]] = []
    after = whole.rfind(b"</think>") + 1
    for piece in pieces:
        # With what stands around it, so that a label is not taken for a part of a key, nor 1 for a part of 0.91.
        quoted = isinstance(piece, str)
        wanted = re.escape(json.dumps(piece, ensure_ascii=False).encode("utf-8", "replace"))
        place = re.compile(wanted if quoted else rb"(?<=[:,\[\s])" + wanted + rb"(?=[,\]}\s])").search(whole, after)
        if place is None:
            return []
        after = place.end()
        found.append((place.start() + quoted, after - quoted))
    return found
