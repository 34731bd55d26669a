"""Counts and names in sentences."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

FEW = 12
"""How many names of many a sentence tells."""


def counted(count: int, noun: str) -> str:
    """Return the count with its noun, in the plural where it is not one.

    >>> counted(1, "task"), counted(0, "label")
    ('1 task', '0 labels')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question for the end of a sentence about an unknown word, empty where nothing known is like it.

    >>> did_you_mean("rond_size", ["round_size", "seed"])
    ' (did you mean round_size?)'
    """
    near = get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def few(names: Sequence[str], most: int = FEW, *, word: str = ", ") -> str:
    """Return the names with commas or a word between them; of many only the first, and how many there are.

    >>> few(["a", "b"]), few(["a", "b", "c"], most=2), few(["a", "b"], word=" or ")
    ('a, b', 'a, b, … 3 in all', 'a or b')
    """
    shown = word.join(names[:most])
    return shown if len(names) <= most else f"{shown}, … {len(names):,} in all"
