"""Regions and pairs of regions that fields are asked about, as texts that a learner reads, and answers put back.

No learner knows units: it reads the text that each is turned into.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from labelloop.domain.marked_text import marked, surroundings
from labelloop.domain.values import Span, Spans

SURROUNDINGS = 300
"""How far, in code points, a learner looks beyond a region on both sides."""
ARROW = " → "

Said = TypeVar("Said")


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """A marked part of a task's text, as what a field is asked about.

    >>> str(Region(7, Span(3, 5, "Place")))
    '7:3-5 Place'
    """

    task_id: int
    span: Span

    def __str__(self) -> str:
        return f"{self.task_id}:{self.span}"

    def text(self, task_text: str) -> str:
        """Return what a learner reads: the region between marks, what stands around it, and below it its label.

        >>> print(Region(7, Span(3, 5, "Place")).text("in 北京 today"))
        in ⟦北京⟧ today
        Place
        """
        return f"{_around(task_text, self.span)}\n{self.span.label}"


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Two regions of one task, the first of which may be related to the other."""

    task_id: int
    head: Span
    tail: Span

    def __str__(self) -> str:
        return f"{self.task_id}:{self.head}{ARROW}{self.tail}"

    def text(self, task_text: str) -> str:
        """Return what a learner reads: both regions between marks of their own, and below them their labels.

        >>> print(Pair(7, Span(0, 3, "Person"), Span(10, 13, "Person")).text("Ada knows Bob"))
        ⟦Ada⟧ knows ⟪Bob⟫
        Person → Person
        """
        return f"{_around(task_text, self.head, self.tail)}\n{self.head.label}{ARROW}{self.tail.label}"


def regions_of(task_id: int, spans: Spans) -> list[Region]:
    """Return the units that the marked parts of a task are, in the text's order.

    >>> list(map(str, regions_of(7, Spans(frozenset({Span(3, 5, "Place"), Span(0, 2, "Word")})))))
    ['7:0-2 Word', '7:3-5 Place']
    """
    return [Region(task_id, span) for span in sorted(spans.spans)]


def pairs_of(task_id: int, spans: Spans) -> list[Pair]:
    """Return every ordered pair of different marked parts of a task."""
    every = sorted(spans.spans)
    return [Pair(task_id, head, tail) for head in every for tail in every if head != tail]


def by_task(answers: Mapping[Region, Said]) -> dict[int, dict[Span, Said]]:
    """Return answers about regions as answers of tasks: by the span that each is about.

    >>> by_task({Region(7, Span(3, 5, "Place")): "far"})
    {7: {Span(start=3, end=5, label='Place'): 'far'}}
    """
    found: dict[int, dict[Span, Said]] = {}
    for region, answer in answers.items():
        found.setdefault(region.task_id, {})[region.span] = answer
    return found


def by_region(task_id: int, answers: Mapping[Span, Said]) -> dict[Region, Said]:
    """Return a task's answers about its regions as answers of the units that these are; `by_task` puts them back."""
    return {Region(task_id, span): answer for span, answer in answers.items()}


def _around(text: str, *spans: Span) -> str:
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    first, last = surroundings(text, start, end, SURROUNDINGS)
    return marked(text[first:last], *((span.start - first, span.end - first) for span in spans))
