"""How alike two orders of items are, and two sets of labels."""

from collections.abc import Collection, Mapping
from itertools import combinations

Places = Mapping[str, tuple[str, int]]
"""In which bucket, and how far down, each item is."""


def concordance(one: Places, other: Places) -> float:
    """Return the share of pairs of items that both put in the same order, and in the same buckets, in [0, 1].

    >>> concordance({"a": ("", 0), "b": ("", 1)}, {"a": ("", 1), "b": ("", 0)})
    0.0
    """
    items = sorted(one.keys() | other.keys())
    pairs = list(combinations(items, 2)) or [(item, item) for item in items]
    return sum(_relation(one, *pair) == _relation(other, *pair) for pair in pairs) / len(pairs)


def jaccard(one: Collection[str], other: Collection[str]) -> float:
    """Return the share of labels that both have of those that one has, in [0, 1]; 1 where neither has any."""
    a, b = set(one), set(other)
    return len(a & b) / len(a | b) if a | b else 1.0


def _relation(places: Places, item: str, other: str) -> tuple[str, str, bool]:
    """Return the buckets of two items, and whether the first goes before the second in the same one."""
    (bucket, place), (its, beside) = places.get(item, ("", -1)), places.get(other, ("", -1))
    return bucket, its, bucket == its and place < beside
