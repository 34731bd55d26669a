"""How sure a model was of what decides in its answer, from the probabilities of its tokens."""

import json
from collections.abc import Sequence
from itertools import accumulate
from math import exp, isfinite

from labelloop.llm.messages import Said


def certainty(said: Said, pieces: Sequence[str], *, long: bool) -> float | None:
    """Return the probability of the deciding pieces, in [0, 1]; None where the server gives no probabilities.

    It is the product over the tokens that write them, for long answers their geometric mean, whose length would count
    otherwise. Where the pieces cannot be found among the tokens, all tokens count.
    """
    if not said.tokens or not all(isfinite(token.logprob) for token in said.tokens):
        return None
    whole = b"".join(token.piece for token in said.tokens)
    ends = list(accumulate(len(token.piece) for token in said.tokens))
    starts = [0, *ends[:-1]]
    ranges = _ranges(whole, pieces) or [(0, len(whole))]
    counted = [
        token.logprob
        for token, start, end in zip(said.tokens, starts, ends, strict=True)
        if any(start < stop and begin < end for begin, stop in ranges)
    ]
    return min(exp(sum(counted) / (len(counted) if long and counted else 1)), 1.0)


def _ranges(whole: bytes, pieces: Sequence[str]) -> list[tuple[int, int]]:
    """Return where the pieces stand in the answer, in its order, as JSON writes them; none where one is missing."""
    found: list[tuple[int, int]] = []
    after = whole.rfind(b"</think>") + 1
    for piece in pieces:
        # With the quotation marks, so that a label is not taken for a part of a key.
        wanted = json.dumps(piece, ensure_ascii=False).encode("utf-8", "replace")
        place = whole.find(wanted, after)
        if place == -1:
            return []
        after = place + len(wanted)
        found.append((place + 1, after - 1))
    return found
