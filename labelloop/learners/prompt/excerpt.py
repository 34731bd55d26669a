"""What an LLM is shown of a text that is too long: beginning, end, and the passages nearest to the rules."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from labelloop.domain.text_limits import LONGEST_ENCODED
from labelloop.domain.values import Span, Spans
from labelloop.encoders.base import Encode
from labelloop.learners.prompt.response_reading import Reply, Unreadable

LEFT_OUT = " […] "
"""What stands where a part of the text is left out."""

_PASSAGE = re.compile(r"(?s).{1,400}(?<=[\s.!?。！？])|.{1,400}")
"""A few sentences, as the encoder reads at once; cut elsewhere where no sentence or word ends."""

Piece = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Parts of a text, in its order: each where it starts and ends in it, in code points."""

    text: str
    pieces: tuple[Piece, ...]

    def __str__(self) -> str:
        """Return the parts with a mark between them.

        >>> str(Excerpt("one two three", ((0, 3), (8, 13))))
        'one […] three'
        """
        return LEFT_OUT.join(self.text[start:end] for start, end in self.pieces)

    def origin(self, start: int, end: int) -> Piece | None:
        """Return where a part of the excerpt stands in the text, None where it is not within one piece.

        >>> Excerpt("one two three", ((0, 3), (8, 13))).origin(8, 13)
        (8, 13)
        """
        shown = 0
        for first, last in self.pieces:
            if shown <= start and end <= shown + last - first:
                return start - shown + first, end - shown + first
            shown += last - first + len(LEFT_OUT)
        return None


def excerpt_of(text: str, length: int, ranked: Sequence[Piece] = ()) -> Excerpt:
    """Return an excerpt of at most about `length` code points: the first of the `ranked` passages that fit.

    Where not even two do, the beginning and the end of the text, half of the length each.
    """
    if length >= len(text):
        return Excerpt(text, ((0, len(text)),))
    sizes = accumulate(end - start + len(LEFT_OUT) for start, end in ranked)
    taken = [piece for piece, size in zip(ranked, sizes, strict=True) if size <= length]
    if len(taken) < 2:
        half = max(length // 2, 1)
        taken = [(0, half), (len(text) - half, len(text))]
    return Excerpt(text, tuple(_joined(sorted(taken))))


def ranked_passages(text: str, rules: Sequence[str], encode: Encode) -> tuple[Piece, ...]:
    """Return the passages of a text: its first and its last one, then the others, those nearest to a rule first.

    Of a very long text only its beginning and its end are looked at.
    """
    half = LONGEST_ENCODED // 2
    parts = [(0, len(text))] if len(text) <= LONGEST_ENCODED else [(0, half), (len(text) - half, len(text))]
    found = [match.span() for start, end in parts for match in _PASSAGE.finditer(text, start, end)]
    if len(found) < 3:
        return tuple(found)
    between = found[1:-1]
    near = (encode([text[start:end] for start, end in between]) @ encode(rules).T).max(axis=1)
    return found[0], found[-1], *(between[place] for place in np.argsort(-near, kind="stable"))


def in_whole_text(reply: Reply | Unreadable, excerpt: Excerpt) -> Reply | Unreadable:
    """Return what was read in an excerpt with the places of its spans in the whole text; a span over a gap is lost."""
    if isinstance(reply, Unreadable) or not isinstance(reply.value, Spans):
        return reply
    places = {span: excerpt.origin(span.start, span.end) for span in reply.value.spans}
    kept = frozenset(Span(*place, span.label) for span, place in places.items() if place)
    lost = reply.lost + len(places) - len(kept)
    return Unreadable.NO_QUOTE if lost and not kept else replace(reply, value=Spans(kept), lost=lost)


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces, in order, those that touch as one."""
    found = list(pieces[:1])
    for start, end in pieces[1:]:
        if start == found[-1][1]:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found
