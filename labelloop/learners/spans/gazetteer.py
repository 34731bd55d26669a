"""Strings that people marked before, how often, and where they turn up again."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from labelloop.domain.values import Span
from labelloop.learners.spans.span_documents import Document
from labelloop.learners.spans.tokenization import Offsets

_LONGEST = 16
"""Longer spans, in units, are not remembered: they hardly ever come twice."""

Share = dict[str, float]
"""By label: how often, of all times that the string stood in a text, it was marked so."""


@dataclass(frozen=True, slots=True, eq=False)
class Gazetteer:
    """How often each string, in small letters, was marked with each label, and how often it stood in a text at all."""

    marked: dict[str, dict[str, int]]
    stood: dict[str, int]

    def matches(self, text: str, units: Offsets, own: Document | None = None) -> Iterator[tuple[int, int, Share]]:
        """Yield first unit, last unit (exclusive) and shares of the strings in the text, longest first from the left.

        Matches do not overlap. What the document `own` itself told is taken out, so that a model which learns how far
        to trust matches sees only those that another text gave.
        """
        marked_here = Counter((_key(own.text, s.start, s.end), s.label) for s in own.spans) if own else Counter()
        here = Counter(key for _, _, key in _standing(self.marked, text, units)) if own else Counter()
        free = 0
        for first, last, key in _standing(self.marked, text, units):
            times = self.stood[key] - here[key]
            if first < free or times <= 0:
                continue
            share = {label: (n - marked_here[key, label]) / times for label, n in self.marked[key].items()}
            share = {label: part for label, part in share.items() if part > 0}
            if share:
                free = last
                yield first, last, share


def remember(documents: Iterable[Document]) -> Gazetteer:
    """Return what the documents' spans tell."""
    documents = list(documents)
    marked: dict[str, dict[str, int]] = {}
    for document in documents:
        for span in document.spans:
            labels = marked.setdefault(_key(document.text, span.start, span.end), {})
            labels[span.label] = labels.get(span.label, 0) + 1
    stood = Counter(key for document in documents for _, _, key in _standing(marked, document.text, document.units))
    kept = {key: dict(sorted(marked[key].items())) for key in sorted(stood)}
    return Gazetteer(kept, {key: stood[key] for key in kept})


def found_spans(gazetteer: Gazetteer, text: str, units: Offsets, own: Document | None = None) -> dict[Span, float]:
    """Return the spans of strings that were marked at least every other time, with that share, in (0, 1]."""
    return {
        Span(int(units[first, 0]), int(units[last - 1, 1]), label): min(part, 1.0)
        for first, last, share in gazetteer.matches(text, units, own)
        for label, part in share.items()
        if part >= 0.5
    }


def _standing(keys: dict[str, dict[str, int]], text: str, units: Offsets) -> Iterator[tuple[int, int, str]]:
    starts, ends = units[:, 0].tolist(), units[:, 1].tolist()
    for first, start in enumerate(starts):
        for last in range(min(len(starts), first + _LONGEST), first, -1):
            key = _key(text, start, ends[last - 1])
            if key in keys:
                yield first, last, key


def _key(text: str, start: int, end: int) -> str:
    return " ".join(text[start:end].casefold().split())
