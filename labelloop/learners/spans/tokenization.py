"""A text cut into the units that are tagged: words where a script has spaces, characters where it has none."""

import unicodedata

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.text_limits import LONGEST_MARKED

Offsets = NDArray[np.int64]
"""Shape (n, 2): where each unit starts and ends, in code points, in order and without overlap; the end is exclusive."""

_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1100, 0x11FF),  # Hangul: a particle follows its noun without a space
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x9FFF),  # radicals, kana, Han
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFFDC),  # half-width kana and Hangul
    (0x1B000, 0x1B16F),
    (0x20000, 0x3FFFF),
)
_JOINER = "\u200d"
_SKIN = range(0x1F3FB, 0x1F400)


def units_of(text: str) -> Offsets:
    """Return the units of a text, or of its first `LONGEST_MARKED` characters; white space belongs to none.

    A combining mark, a joiner and what it joins stay with the character before them, so that no unit begins inside a
    letter or an emoji.
    >>> [("去Berlin!"[a:b]) for a, b in units_of("去Berlin!").tolist()]
    ['去', 'Berlin', '!']
    """
    found: list[list[int]] = []
    in_word = False
    for place, character in enumerate(text[:LONGEST_MARKED]):
        touches = bool(found) and found[-1][1] == place
        if touches and (_attaches(character) or text[place - 1] == _JOINER):
            found[-1][1] = place + 1
            continue
        word = (character.isalnum() or character == "_") and not _unspaced(character)
        if word and in_word and touches:
            found[-1][1] = place + 1
        elif not character.isspace():
            found.append([place, place + 1])
        in_word = word
    return np.array(found, np.int64).reshape(-1, 2)


def _attaches(character: str) -> bool:
    return character == _JOINER or unicodedata.category(character)[0] == "M" or ord(character) in _SKIN


def _unspaced(character: str) -> bool:
    code = ord(character)
    return any(low <= code <= high for low, high in _UNSPACED)
