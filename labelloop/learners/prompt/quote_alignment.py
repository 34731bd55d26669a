"""Quotes and where they stand in a text: models copy words well, characters less well, and count them badly."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

_ALIKE = {
    **dict.fromkeys("‘’‚‛′`´ʼʹ‹›", "'"),
    **dict.fromkeys("“”„‟″«»〝〞〟「」『』", '"'),
    **dict.fromkeys("‐‑‒–—―−﹘", "-"),
    "〜": "~",
    "œ": "oe",
    "Œ": "OE",
    "æ": "ae",
    "Æ": "AE",
}
"""Characters that models write in another way, though Unicode knows them as different ones."""
_SELECTORS = range(0xFE00, 0xFE10)


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as it looks, in compatibility characters (NFKD), and the code point that each of them came from.

    Soft hyphens and all else that is not seen are left out; any white space is one space.
    """

    text: str
    origins: tuple[int, ...]

    def without_spaces(self) -> "Folded":
        """Return it without any space."""
        kept = [
            (character, origin) for character, origin in zip(self.text, self.origins, strict=True) if character != " "
        ]
        return Folded("".join(character for character, _ in kept), tuple(origin for _, origin in kept))

    def places(self, quote: str) -> list[tuple[int, int]]:
        """Return start and end, in code points of the text as it was, of each place of a folded quote.

        No place begins or ends amid a character and its marks.
        """
        found = ((start, start + len(quote)) for start in _starts(self.text, quote))
        return [
            (min(self.origins[start:end]), max(self.origins[start:end]) + 1)
            for start, end in found
            if self._parts(start) and self._parts(end)
        ]

    def _parts(self, place: int) -> bool:
        """Return whether one character ends and another one begins here."""
        if place in (0, len(self.text)):
            return True
        return not unicodedata.combining(self.text[place]) and self.origins[place - 1] != self.origins[place]


@lru_cache(maxsize=8)
def folded(text: str) -> Folded:
    """Return the text as it looks.

    >>> folded("ﬁ\u00adne\u00a0 ’Ａ’").text
    "fine 'A'"
    """
    found: list[tuple[str, int]] = []
    # Marks on one letter may come in any order: sorted by class, as normal forms have them.
    for is_mark, run in groupby(_looks(text), lambda each: unicodedata.combining(each[0]) > 0):
        letters = list(run)
        found += sorted(letters, key=lambda each: unicodedata.combining(each[0])) if is_mark else letters
    kept = [each for n, each in enumerate(found) if each[0] != " " or n == 0 or found[n - 1][0] != " "]
    return Folded("".join(character for character, _ in kept), tuple(origin for _, origin in kept))


def occurrence(text: str, start: int, end: int) -> int:
    """Return as which occurrence of its words a span stands in the text, from 1 on; overlapping ones count.

    >>> occurrence("no, no", 4, 6)
    2
    """
    return 1 + sum(place < start for place in _starts(text, text[start:end])) if start < end else 1


def located(text: str, quote: str, number: int) -> tuple[int, int] | None:
    r"""Return start and end of the `number`-th place of a quote, in code points, None where it does not stand there.

    The quote as it is comes first; then without white space around it; then as it looks, whatever its Unicode form,
    ligatures, width, quotation marks and spaces; at last without spaces. With one place the number does not count.
    >>> located("no, no", "no", 2), located("no, no", "yes", 1), located("no, no", "no, \n", 7)
    ((4, 6), None, (0, 3))
    >>> located("the e\u0301\ufb01ce", "\u00e9fice", 1)
    (4, 9)
    """
    found = list(_found(text, quote))
    for places in found:
        if 1 <= number <= len(places):
            return places[number - 1]
    return next((places[0] for places in found if len(places) == 1), None)


def _found(text: str, quote: str) -> Iterator[list[tuple[int, int]]]:
    """Yield the places of a quote, by ever looser ways to compare."""
    for tried in dict.fromkeys((quote, quote.strip())):
        yield [(start, start + len(tried)) for start in _starts(text, tried)]
    wanted, seen = folded(quote), folded(text)
    yield seen.places(wanted.text.strip())
    yield seen.without_spaces().places(wanted.without_spaces().text)


def _starts(text: str, quote: str) -> Iterator[int]:
    start = text.find(quote) if quote else -1
    while start != -1:
        yield start
        start = text.find(quote, start + 1)


def _looks(text: str) -> Iterator[tuple[str, int]]:
    for origin, character in enumerate(text):
        for part in unicodedata.normalize("NFKD", _ALIKE.get(character, character)):
            seen = _seen(part)
            yield from ((each, origin) for each in seen)


def _seen(character: str) -> str:
    """Return how a character looks: white space as a space, half a pair as it is sent to models, hidden ones not."""
    if character.isspace():
        return " "
    if unicodedata.category(character) == "Cs":
        return "?"
    hidden = unicodedata.category(character) in ("Cc", "Cf") or ord(character) in _SELECTORS
    return "" if hidden else _ALIKE.get(character, character)
