"""Annotators by annotators and versions, as a table whose shades say how far they agree."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from labelloop.domain.human_level import Measured
from labelloop.steps.people_seen import PeopleSeen

STEPS = (0.5, 0.65, 0.8, 0.9)
"""Where the second shade begins, and each further one."""
MOST_PEOPLE = 30


@dataclass(frozen=True, slots=True)
class HeatCell:
    """What two have in common, None where that is nothing or they are the same; `shade` is 0 where too little is."""

    other: str
    agreement: Measured | None
    shade: int


@dataclass(frozen=True, slots=True)
class Heat:
    """A row of cells for each person: first those with every person, then those with each of the `versions`."""

    people: tuple[int, ...]
    versions: tuple[str, ...]
    rows: tuple[tuple[HeatCell, ...], ...]
    left_out: int


def shade(share: float) -> int:
    """Return which of five shades a share has, 1 being the lightest.

    >>> [shade(share) for share in (0.0, 0.5, 0.79, 0.8, 1.0)]
    [1, 2, 3, 4, 5]
    """
    return 1 + sum(share >= step for step in STEPS)


def heat(seen: PeopleSeen, order: Sequence[int], called: Callable[[int], str], *, fewest: int) -> Heat | None:
    """Return the table with people in this order, None where nobody has anything in common with anybody.

    At most 30 people have a row, those with most audit tasks; cells of less than `fewest` tasks have no shade.
    """
    common: Counter[int] = Counter()
    for pair, found in seen.pairs.items():
        common.update(dict.fromkeys(pair, found.n))
    for (person, _), found in seen.with_versions.items():
        common[person] += found.n
    shown = {person for person, _ in sorted(common.items(), key=lambda item: (-item[1], item[0]))[:MOST_PEOPLE]}
    people = tuple(person for person in order if person in shown)
    if not people:
        return None

    def cell(other: str, found: Measured | None) -> HeatCell:
        counts = found is not None and found.n >= fewest and found.value is not None
        return HeatCell(other, found, shade(found.value) if counts and found and found.value is not None else 0)

    rows = tuple(
        (
            *(cell(called(other), seen.pairs.get((min(one, other), max(one, other)))) for other in people),
            *(cell(version, seen.with_versions.get((one, version))) for version in seen.versions),
        )
        for one in people
    )
    return Heat(people, seen.versions, rows, len(common) - len(people))
