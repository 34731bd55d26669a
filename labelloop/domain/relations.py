"""Relations between marked parts of a text, and how alike two annotators' relations are."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import permutations

from labelloop.domain.spans import Span

UNLABELLED = "→"
"""What a relation is called that bears no label, because the labelling configuration has none."""

Ends = tuple[int, int]
Placed = tuple[Ends, Ends, str]
"""A relation by where its two parts stand, whatever these are labelled."""


@dataclass(frozen=True, slots=True, order=True)
class Relation:
    """What the first of two marked parts is to the second; one that holds both ways is two of them."""

    head: Span
    tail: Span
    label: str = UNLABELLED

    def __str__(self) -> str:
        return f"{self.head} → {self.tail}{'' if self.label == UNLABELLED else f': {self.label}'}"


@dataclass(frozen=True, slots=True)
class Relations:
    """Which of the marked parts of a text are related, perhaps none; `regions` are those parts, related or not.

    Two that nobody relates are an answer too, so what is not there matters as much as what is.
    """

    regions: frozenset[Span]
    relations: frozenset[Relation] = frozenset()

    @property
    def is_about_nothing(self) -> bool:
        """Return whether there are no two regions that could be related."""
        return len(self.regions) < 2

    @property
    def labels(self) -> frozenset[str]:
        """Return the labels of the relations."""
        return frozenset(relation.label for relation in self.relations)

    def within(self, regions: Collection[Span]) -> "Relations":
        """Return what is left of it between these regions."""
        left = self.regions.intersection(regions)
        return Relations(left, frozenset(r for r in self.relations if r.head in left and r.tail in left))

    def shared(self, other: "Relations") -> frozenset[Ends]:
        """Return where the regions stand that both have, whatever they are labelled; none where they share only one."""
        found = frozenset(region.ends for region in self.regions) & {region.ends for region in other.regions}
        return found if len(found) > 1 else frozenset()

    def between(self, places: Collection[Ends]) -> frozenset[Placed]:
        """Return the relations between regions in these places."""
        placed = ((r.head.ends, r.tail.ends, r.label) for r in self.relations)
        return frozenset(one for one in placed if one[0] in places and one[1] in places)

    def __str__(self) -> str:
        return "|".join(map(str, sorted(self.relations)))


def relations_similarity(one: Relations, other: Relations) -> float:
    """Return the F1 of two annotators' relations between the regions that both have, in [0, 1]; the direction counts.

    It is 1 where neither relates any of them, and 0 where they share fewer than two.

    >>> ada, bob = Span(0, 3, "Person"), Span(10, 13, "Person")
    >>> there, back = (frozenset({Relation(*ends)}) for ends in ((ada, bob), (bob, ada)))
    >>> relations_similarity(Relations(frozenset({ada, bob}), there), Relations(frozenset({ada, bob}), back))
    0.0
    """
    places = one.shared(other)
    a, b = one.between(places), other.between(places)
    if not places:
        return 0.0
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0


def labels_by_pair(value: Relations, places: Collection[Ends]) -> dict[tuple[Ends, Ends], frozenset[str]]:
    """Return the labels of every ordered pair of these places that are apart, none where nothing relates them."""
    found: dict[tuple[Ends, Ends], set[str]] = {pair: set() for pair in permutations(sorted(places), 2)}
    for head, tail, label in value.between(places):
        if head != tail:
            found[head, tail].add(label)
    return {pair: frozenset(labels) for pair, labels in found.items()}
