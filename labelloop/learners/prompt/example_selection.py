"""The labelled examples a prompt shows: the nearest to the text, not all alike, the nearest last."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.tasks import fingerprint
from labelloop.domain.values import Spans, Text, Value
from labelloop.encoders.base import Vectors

CANDIDATES = 60


@dataclass(frozen=True, slots=True)
class Policy:
    """How many examples a prompt shows, how many of them with the same labels, and how near rather than diverse."""

    count: int = 12
    per_label: int = 3
    nearness: float = 0.7


@dataclass(frozen=True, eq=False)
class Shots:
    """The examples there are: `vectors` has shape (len(texts), d)."""

    texts: tuple[str, ...]
    values: tuple[Value, ...]
    vectors: Vectors

    @cached_property
    def by_text(self) -> Mapping[str, int]:
        """Return the first place of each text."""
        return {text: place for place, text in reversed(list(enumerate(self.texts)))}

    @cached_property
    def by_fingerprint(self) -> Mapping[str, frozenset[int]]:
        """Return the places of each text, whatever its form."""
        found: dict[str, set[int]] = defaultdict(set)
        for place, text in enumerate(self.texts):
            found[fingerprint(text)].add(place)
        return {digest: frozenset(places) for digest, places in found.items()}

    def near(self, vector: NDArray[np.float32], policy: Policy, without: Collection[int] = ()) -> list[int]:
        """Return the places of the examples to show for a text with this vector, the nearest last.

        Maximal marginal relevance among the sixty nearest (Carbonell & Goldstein 1998): each next one has the largest
        nearness · cosine to the text - (1 - nearness) · largest cosine to those taken.
        """
        cosines = self.vectors @ vector
        order = [int(place) for place in np.argsort(-cosines, kind="stable") if int(place) not in without]
        left = order[:CANDIDATES]
        taken: list[int] = []
        shown: Counter[str] = Counter()
        alike = dict.fromkeys(left, 0.0)
        while left and len(taken) < policy.count:
            best = max(left, key=lambda p: policy.nearness * float(cosines[p]) - (1 - policy.nearness) * alike[p])
            taken.append(best)
            shown[str(self.values[best])] += 1
            left = [p for p in left if p != best and self._may(p, shown, policy)]
            for place in left:
                alike[place] = max(alike[place], float(self.vectors[place] @ self.vectors[best]))
        return sorted(taken, key=lambda p: (float(cosines[p]), -p))

    def _may(self, place: int, shown: Counter[str], policy: Policy) -> bool:
        value = self.values[place]
        return isinstance(value, Spans | Text) or shown[str(value)] < policy.per_label
