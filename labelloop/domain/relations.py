"""Relations between marked parts of a text, and how alike two annotators' relations are."""

from collections.abc import Collection
from dataclasses import dataclass

from labelloop.domain.values import Span


@dataclass(frozen=True, slots=True, order=True)
class Relation:
    """What the first of two marked parts is to the second; `label` is empty where nobody gave one.

    A relation that holds both ways is two of them.
    """

    head: Span
    tail: Span
    label: str = ""

    def __str__(self) -> str:
        return f"{self.head} → {self.tail}{f' {self.label}' if self.label else ''}"


def relations_similarity(one: Collection[Relation], other: Collection[Relation]) -> float:
    """Return the F1 of two sets of relations, in [0, 1], 1 where both are empty; the direction counts.

    >>> ada, bob = Span(0, 3, "Person"), Span(10, 13, "Person")
    >>> relations_similarity({Relation(ada, bob, "knows")}, {Relation(bob, ada, "knows")})
    0.0
    """
    return 2 * len(set(one) & set(other)) / (len(one) + len(other)) if one or other else 1.0
