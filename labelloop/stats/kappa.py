"""How far two people agree beyond chance."""

from collections import Counter
from collections.abc import Hashable, Sequence


def cohen_kappa(one: Sequence[Hashable], other: Sequence[Hashable]) -> float | None:
    """Return Cohen's kappa, at most 1, of two people's judgements of the same tasks in the same order; 0 is chance.

    None where there is no task, or both gave one and the same label throughout: chance alone would then agree too.
    Cohen 1960, "A coefficient of agreement for nominal scales". Raises ValueError where the lengths differ.
    >>> cohen_kappa(["a", "a", "b", "b"], ["a", "b", "b", "b"])
    0.5
    """
    n = len(one)
    agreed = sum(a == b for a, b in zip(one, other, strict=True))
    first, second = Counter(one), Counter(other)
    by_chance = sum(count * second[label] for label, count in first.items())
    return (n * agreed - by_chance) / (n * n - by_chance) if n * n > by_chance else None
