"""Spans as tags and back: begin, inside, outside; labels that overlap each other are tagged in different layers."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import Span
from labelloop.learners.spans.tokenization import Offsets

Tags = NDArray[np.int64]
"""One number a unit: 0 outside, 2i + 1 begins a span of the layer's i-th label, 2i + 2 goes on in it."""

Layer = tuple[str, ...]
"""Labels whose spans never overlap: one sequence of tags holds them all."""


def width_of(layer: Layer) -> int:
    """Return how many tags the layer's units may have.

    >>> width_of(("city", "person"))
    5
    """
    return 2 * len(layer) + 1


def outputs_of(layers: Iterable[Layer]) -> int:
    """Return how many numbers a unit needs: one for each tag of each layer."""
    return sum(map(width_of, layers))


def layers_of(labels: Sequence[str], documents: Iterable[Iterable[Span]]) -> tuple[Layer, ...]:
    """Return the labels dealt into as few layers as come without search, so that none overlaps another of its layer.

    Where no spans overlap, as is usual, there is one layer and its labels compete for each unit.
    """
    clash = {frozenset((a.label, b.label)) for spans in documents for a, b in _overlapping(sorted(spans, key=_order))}
    layers: list[list[str]] = []
    for label in labels:
        room = (layer for layer in layers if not any({label, other} in clash for other in layer))
        layer = next(room, None)
        if layer is None:
            layers.append([label])
        else:
            layer.append(label)
    return tuple(tuple(layer) for layer in layers)


def tags_of(spans: Iterable[Span], units: Offsets, layer: Layer) -> Tags:
    """Return one tag a unit, shape (n,); a span takes every unit that it touches.

    Of two spans of the layer that overlap, the longer one (then the earlier) is kept: of nested ones the outermost.
    """
    tags = np.zeros(len(units), np.int64)
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start, span.label)):
        if span.label not in layer:
            continue
        first = int(np.searchsorted(units[:, 1], span.start, side="right"))
        last = int(np.searchsorted(units[:, 0], span.end, side="left"))
        if first < last and not tags[first:last].any():
            tags[first:last] = 2 * layer.index(span.label) + 2
            tags[first] -= 1
    return tags


def spans_of(tags: Tags, units: Offsets, layer: Layer) -> list[Span]:
    """Return the spans that legal tags stand for, in order."""
    spans: list[Span] = []
    for tag, (start, end) in zip(tags.tolist(), units.tolist(), strict=True):
        if tag % 2:
            spans.append(Span(start, end, layer[tag // 2]))
        elif tag:
            spans[-1] = Span(spans[-1].start, end, spans[-1].label)
    return spans


def _order(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label


def _overlapping(ordered: Sequence[Span]) -> Iterable[tuple[Span, Span]]:
    for place, one in enumerate(ordered):
        for other in ordered[place + 1 :]:
            if other.start >= one.end:
                break
            if other.label != one.label:
                yield one, other
