"""Learning curves as an SVG: one panel a data set, a line a curve, a band from the worst run to the best."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from math import floor, log

from labelloop.simulate.learning_curve import CurvePoint

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 420, 300, 48, 34, 14, 34
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's colours, which colour-blind people can tell apart."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where a number of labels (in logarithms) and an accuracy lie in a panel."""

    fewest: int
    most: int
    lowest: float

    def x(self, labels: int) -> float:
        share = log(labels / self.fewest) / log(self.most / self.fewest) if self.most > self.fewest else 0.5
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, accuracy: float) -> float:
        return TOP + (1 - accuracy) / (1 - self.lowest) * (HEIGHT - TOP - BOTTOM)


def picture(panels: Mapping[str, Sequence[CurvePoint]]) -> str:
    """Return an SVG with one panel, titled, for each set of curves; the same curve has the same colour in all."""
    names = list(dict.fromkeys(name_of(point) for points in panels.values() for point in points))
    colours = {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(names)}
    height = HEIGHT + 18 * len(names) + 8
    parts = [
        f'<g transform="translate({number * WIDTH} 0)">{"".join(_panel(title, points, colours))}</g>'
        for number, (title, points) in enumerate(panels.items())
    ]
    for number, (name, colour) in enumerate(colours.items()):
        y = HEIGHT + 14 + 18 * number
        parts.append(f'<path d="M{LEFT} {y - 4}h24" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<text x="{LEFT + 32}" y="{y}">{escape(name)}</text>')
    size = f'width="{WIDTH * len(panels)}" height="{height}" viewBox="0 0 {WIDTH * len(panels)} {height}"'
    style = 'font-family="system-ui, sans-serif" font-size="12" fill="#222"'
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{ground}{"".join(parts)}</svg>\n'


def name_of(point: CurvePoint) -> str:
    """Return what tells a curve from the others."""
    return f"{point.strategy}, {point.learner}"


def _panel(title: str, points: Sequence[CurvePoint], colours: Mapping[str, str]) -> Iterator[str]:
    labels = sorted({point.labels for point in points})
    lowest = min(0.9, floor(min(point.low for point in points) * 10) / 10)
    scale = _Scale(labels[0], labels[-1], lowest)
    yield f'<text x="{LEFT}" y="20" font-weight="bold">{escape(title)}: accuracy by labels</text>'
    for tenth in range(round(lowest * 10), 11):
        y = scale.y(tenth / 10)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10 * tenth} %</text>'
    for count in labels:
        yield f'<text x="{scale.x(count):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{count}</text>'
    for name, group in groupby(sorted(points, key=lambda p: (name_of(p), p.labels)), key=name_of):
        yield from _curve(list(group), scale, colours[name])


def _curve(points: Sequence[CurvePoint], scale: _Scale, colour: str) -> Iterator[str]:
    upper = [f"{scale.x(point.labels):.1f},{scale.y(point.high):.1f}" for point in points]
    lower = [f"{scale.x(point.labels):.1f},{scale.y(point.low):.1f}" for point in reversed(points)]
    middle = [f"{scale.x(point.labels):.1f},{scale.y(point.accuracy):.1f}" for point in points]
    yield f'<polygon points="{" ".join(upper + lower)}" fill="{colour}" fill-opacity="0.15"/>'
    yield f'<polyline points="{" ".join(middle)}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for at in middle:
        x, y = at.split(",")
        yield f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>'
