"""Parts of a text put between marks, so that whoever reads it sees which are meant."""

import re
from collections.abc import Iterable

REGION_MARKS = ("⟦", "⟧")
OTHER_MARKS = ("⟪", "⟫")
_PLAIN = str.maketrans("⟦⟧⟪⟫", "[]<>")

_STOPS = re.compile(r"[.,;:!?](?=\s|$)|[，。；：！？、…\n]")

Part = tuple[int, int]


def marked(text: str, *parts: Part) -> str:
    """Return the text with the part, or two of them, between marks; code points, the end exclusive.

    Parts may overlap or be the same. Marks that stand in the text itself become ordinary brackets, so that each kind of
    mark stands there once.

    >>> marked("in 北京 today", (3, 5))
    'in ⟦北京⟧ today'
    >>> marked("Ada knows Bob", (10, 13), (0, 3))
    '⟪Ada⟫ knows ⟦Bob⟧'
    """
    plain, marks = without_marks(text), list[tuple[int, int, int, int, str]]()
    for rank, ((start, end), (opening, closing)) in enumerate(zip(parts, (REGION_MARKS, OTHER_MARKS), strict=False)):
        # at one place marks close before others open; what reaches less far stands further inside
        marks += [(start, 1, -end, rank, opening), (end, 0, -start, -rank, closing)]
    pieces, after = [], 0
    for at, *_, mark in sorted(marks):
        pieces += [plain[after:at], mark]
        after = at
    return "".join([*pieces, plain[after:]])


def without_marks(text: str) -> str:
    """Return the text with ordinary brackets for what looks like a mark; no character moves."""
    return text.translate(_PLAIN)


def surroundings(text: str, start: int, end: int, most: int) -> Part:
    """Return the part of the text that reaches at most so many code points beyond this one, on both sides.

    A word is not cut where a space is near, as there is none in Chinese.

    >>> surroundings("The quick brown fox jumps", 10, 15, 8)
    (4, 19)
    """
    first, last = max(start - most, 0), min(end + most, len(text))
    if first and (space := _space(text, first - 1, start)) is not None:
        first = space + 1
    if last < len(text) and (space := _last_space(text, end, last)) is not None:
        last = space
    return first, last


def clause(text: str, part: Part, others: Iterable[Part] = (), within: Part | None = None) -> Part:
    """Return what belongs to a part of the text: up to the nearest punctuation marks, or to another of the parts.

    It lies `within` a larger part, beyond which nothing is looked at; by default the whole text.

    >>> text = "好吃的菜，but the bar was closed. 3.5 stars"
    >>> start, end = clause(text, (13, 16))
    >>> text[start:end]
    'but the bar was closed'
    """
    (start, end), (first, last) = part, within or (0, len(text))
    befores = [stop.end() for stop in _STOPS.finditer(text, first, start)] + [to for _, to in others if to <= start]
    stop = _STOPS.search(text, end, last + 1)  # one that begins where it is cut off changes nothing
    afters = [stop.start()] if stop else []
    return max([first, *befores]), min([last, *afters, *(begin for begin, _ in others if begin >= end)])


def _space(text: str, start: int, end: int) -> int | None:
    return next((at for at in range(start, end) if text[at].isspace()), None)


def _last_space(text: str, start: int, end: int) -> int | None:
    return next((at for at in range(end, start - 1, -1) if text[at : at + 1].isspace()), None)
