"""How well spans are found: F1 by what counts as found, pooled, per label and per document."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import Span, Spans
from labelloop.stats.intervals import Interval

RESAMPLES = 1000


class Match(StrEnum):
    """What it takes for a span of the model to count as one of people's.

    The terms are those of SemEval-2013 Task 9: `strict` wants the same ends and label, `exact` the same ends, whatever
    the label, `type` the same label and an overlap; `partial` counts an overlap of whatever label one half.
    """

    STRICT = "strict"
    EXACT = "exact"
    PARTIAL = "partial"
    TYPE = "type"


@dataclass(frozen=True, slots=True)
class SpanCounts:
    """Spans that people gave, that the model gave, and how many of them match, halves included."""

    people: int
    model: int
    both: float

    @property
    def precision(self) -> float | None:
        """Return the share of the model's spans that match; None where it gave none."""
        return self.both / self.model if self.model else None

    @property
    def recall(self) -> float | None:
        """Return the share of people's spans that match; None where they gave none."""
        return self.both / self.people if self.people else None

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall, in [0, 1]; 1 where nobody gave a span."""
        given = self.people + self.model
        return 2 * self.both / given if given else 1.0


@dataclass(frozen=True, slots=True)
class SpanScore:
    """The counts of all documents together, the interval of their F1, and the mean F1 of a document."""

    counts: SpanCounts
    interval: Interval
    per_document: float


Pair = tuple[Spans, Spans]
"""What people and what the model said of one document."""


def span_counts(pair: Pair, match: Match) -> SpanCounts:
    """Return the counts of one document; each span is matched at most once.

    >>> people, model = Spans(frozenset({Span(0, 5, "Person")})), Spans(frozenset({Span(0, 3, "Person")}))
    >>> [span_counts((people, model), match).f1 for match in Match]
    [0.0, 0.0, 0.5, 1.0]
    """
    people, model = (sorted(value.spans) for value in pair)
    both, left = 0.0, list(people)
    worths = _WORTHS[match]
    # Those that match best go first: an exact match is not lost to a neighbour that merely overlaps.
    for worth in (lambda a, b: worths(a, b) * (a == b), lambda a, b: worths(a, b) * _same_ends(a, b), worths):
        still = []
        for span in model:
            found = next((other for other in left if worth(span, other) > 0), None)
            if found is None:
                still.append(span)
            else:
                left.remove(found)
                both += worth(span, found)
        model = still
    return SpanCounts(len(people), len(pair[1].spans), both)


def span_score(pairs: Sequence[Pair], match: Match, *, seed: int, confidence: float = 0.95) -> SpanScore:
    """Return the score of documents; its interval is the bootstrap's over documents, all of [0, 1] for fewer than two.

    Efron 1979, percentiles of 1,000 resamples. A document is the unit since spans of one document are alike.
    """
    counts = [span_counts(pair, match) for pair in pairs]
    table = np.array([(c.people, c.model, c.both) for c in counts], np.float64).reshape(-1, 3)
    mean = float(np.mean([c.f1 for c in counts])) if counts else 1.0
    return SpanScore(_pooled(counts), _interval(table, seed, confidence), mean)


def _pooled(counts: Sequence[SpanCounts]) -> SpanCounts:
    return SpanCounts(sum(c.people for c in counts), sum(c.model for c in counts), sum(c.both for c in counts))


def _interval(table: NDArray[np.float64], seed: int, confidence: float) -> Interval:
    n = len(table)
    if n < 2:
        return Interval(0.0, 1.0)
    rng = np.random.default_rng(seed)
    sums = np.stack([table[rng.integers(n, size=n)].sum(axis=0) for _ in range(RESAMPLES)])
    given = sums[:, 0] + sums[:, 1]
    f1 = np.where(given > 0, 2 * sums[:, 2] / np.maximum(given, 1), 1.0)
    tail = (1 - confidence) / 2
    low, high = np.quantile(f1, [tail, 1 - tail])
    return Interval(float(low), float(high))


def _same_ends(a: Span, b: Span) -> bool:
    return a.start == b.start and a.end == b.end


def _overlap(a: Span, b: Span) -> bool:
    return a.start < b.end and b.start < a.end


_WORTHS: dict[Match, Callable[[Span, Span], float]] = {
    Match.STRICT: lambda a, b: float(a == b),
    Match.EXACT: lambda a, b: float(_same_ends(a, b)),
    Match.PARTIAL: lambda a, b: 1.0 if _same_ends(a, b) else 0.5 * _overlap(a, b),
    Match.TYPE: lambda a, b: float(a.label == b.label and _overlap(a, b)),
}
