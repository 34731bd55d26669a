"""Regions and pairs of regions that fields are asked about, as texts that a learner reads.

No learner knows units: it reads the text that each is turned into.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest

from labelloop.domain.marked_text import OTHER_MARKS, REGION_MARKS, Part, clause, marked, surroundings, without_marks
from labelloop.domain.tasks import INPUT_BREAK, REGIONS_BREAK
from labelloop.domain.values import OfRegions, Span, Spans, Value

SURROUNDINGS = 300
"""How far, in code points, a learner looks beyond a region on both sides."""
ARROW = " → "
MOST_PAIRS = 30
"""How many pairs of a task's regions a model is asked about, the nearest first."""
MOST_APART = 1_000
"""How far apart, in code points, the regions of such a pair may be."""


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

    def text(self, task_text: str, others: Iterable[Span] = ()) -> str:
        """Return what a learner reads, two inputs: the region with what belongs to it, and with all around it.

        It stands between marks, below it its label. What belongs to it reaches to the nearest punctuation mark, or to
        another region: so a learner that takes in a whole text at once can tell two regions in it apart.

        >>> print(Region(7, Span(3, 5, "Place")).text("in 北京, not Rome", [Span(11, 15, "Place")]))
        in ⟦北京⟧
        ␞
        in ⟦北京⟧, not Rome
        Place
        """
        place = (self.span.start, self.span.end)
        around = surroundings(task_text, *place, SURROUNDINGS)
        start, end = clause(task_text, place, [span.ends for span in others], around)
        near = marked(task_text[start:end], (place[0] - start, place[1] - start)).strip()
        return f"{near}{INPUT_BREAK}{_around(task_text, self.span)}\n{self.span.label}"


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Two regions of one task, one of which may be related to the other; `head` is the first in the text."""

    task_id: int
    head: Span
    tail: Span

    def __str__(self) -> str:
        return f"{self.task_id}:{self.head}{ARROW}{self.tail}"

    def text(self, task_text: str, others: Iterable[Span] = ()) -> str:
        """Return what a learner reads, two inputs, in both of which the regions stand between marks of their own.

        In the first, which has what belongs to them, they are called by their labels: what is said of a person and a
        place is often said of others. It reaches to the nearest punctuation mark, or to another region. The second has
        all around them, and their labels below.

        >>> print(Pair(7, Span(0, 3, "Person"), Span(13, 18, "Place")).text("Ada lives in Turin, not in Rome"))
        ⟦Person⟧ lives in ⟪Place⟫
        ␞
        ⟦Ada⟧ lives in ⟪Turin⟫, not in Rome
        Person → Place
        """
        near = self._near(task_text, [span.ends for span in others])
        around = _around(task_text, self.head, self.tail)
        return f"{near}{INPUT_BREAK}{around}\n{self.head.label}{ARROW}{self.tail.label}"

    @property
    def gap(self) -> int:
        """Return how many code points stand between the two, 0 where they overlap."""
        return max(0, self.tail.start - self.head.end)

    def _near(self, text: str, others: Sequence[Part]) -> str:
        """Return what belongs to the two, each called by its label; by its words where they overlap."""
        head, tail = self.head, self.tail
        to = max(head.end, tail.end)
        around = (max(head.start - SURROUNDINGS, 0), min(to + SURROUNDINGS, len(text)))
        first = clause(text, head.ends, others, around)[0]
        last = max(clause(text, tail.ends, others, around)[1], to)
        if not head.end <= tail.start:
            ends = ((span.start - first, span.end - first) for span in (head, tail))
            return marked(text[first:last], *ends).strip()
        before, between, after = (
            without_marks(text[start:end])
            for start, end in ((first, head.start), (head.end, tail.start), (tail.end, last))
        )
        one, other = head.label.join(REGION_MARKS), tail.label.join(OTHER_MARKS)
        return f"{before}{one}{between}{other}{after}".strip()


def regions_of(task_id: int, spans: Spans) -> list[Region]:
    """Return the units that the marked parts of a task are, in the text's order.

    >>> list(map(str, regions_of(7, Spans(frozenset({Span(3, 5, "Place"), Span(0, 2, "Word")})))))
    ['7:0-2 Word', '7:3-5 Place']
    """
    return [Region(task_id, span) for span in sorted(spans.spans)]


def pairs_of(task_id: int, spans: Spans) -> list[Pair]:
    """Return the pairs of marked parts of a task that a model is asked about, in the text's order.

    They are the 30 nearest of those that are at most 1,000 code points apart.
    """
    every = sorted(spans.spans)
    starts = [span.start for span in every]
    reach = (bisect_right(starts, head.end + MOST_APART) for head in every)
    near = (Pair(task_id, every[n], tail) for n, end in enumerate(reach) for tail in every[n + 1 : end])
    return sorted(nsmallest(MOST_PAIRS, near, key=lambda pair: (pair.gap, pair)))


def with_regions(text: str, regions: Iterable[Span]) -> str:
    """Return what a model that answers about regions, or pairs of them, is asked: a task's text with these.

    `regions_in` parts them.

    >>> regions_in(with_regions("in 北京", [Span(3, 5, "Place")]))
    ('in 北京', Spans(spans=frozenset({Span(start=3, end=5, label='Place')})))
    """
    listed = [[span.start, span.end, span.label] for span in sorted(regions)]
    return f"{text}{REGIONS_BREAK}{json.dumps(listed, ensure_ascii=False)}"


def regions_in(asked: str) -> tuple[str, Spans]:
    """Return the text and the regions that `with_regions` put together; a text by itself has none."""
    text, mark, listed = asked.rpartition(REGIONS_BREAK)
    return (text, Spans(frozenset(Span(*one) for one in json.loads(listed)))) if mark else (asked, Spans(frozenset()))


def asked_text(text: str, values: Iterable[Value]) -> str:
    """Return what a model is asked, to be compared with these values: about every region that one of them is about."""
    about = [value for value in values if isinstance(value, OfRegions)]
    return with_regions(text, {span for value in about for span in value.regions}) if about else text


def _around(text: str, *spans: Span) -> str:
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    first, last = surroundings(text, start, end, SURROUNDINGS)
    return marked(text[first:last], *((span.start - first, span.end - first) for span in spans))
