"""A learning curve as an SVG that stands in the page; its colours are the style sheet's, and so follow the mode."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, log10
from typing import Protocol

from labelloop.domain.records import Evaluation
from ml_backend.pages.page_texts import Texts
from workers.admin.round_curve import CurvePoint

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 330, 72, 16, 24, 64
TICKS = 6
KEY = 32
"""How high the key of a file is."""


class Heights(Protocol):
    """Where a share lies."""

    def y(self, share: float) -> float:
        """Return how far down."""
        ...


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a number of labels and a share lie."""

    fewest: int
    most: int
    lowest: float

    def x(self, labels: int) -> float:
        """Return how far to the right."""
        share = (labels - self.fewest) / (self.most - self.fewest) if self.most > self.fewest else 0.5
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, share: float) -> float:
        """Return how far down."""
        clipped = min(max(share, self.lowest), 1.0)
        return TOP + (1 - clipped) / (1 - self.lowest) * (HEIGHT - TOP - BOTTOM)


Measured = tuple[int, int, Evaluation]
"""A round's number, its labels to learn from, and what was measured after it."""


def curve_chart(points: Sequence[CurvePoint], margin: float | None, name: str, t: Texts) -> str | None:
    """Return the chart, None where no round was measured; the model may be worse than people by the `margin`.

    Whatever is not a number of ours is escaped.
    """
    drawn = _drawn(points, margin, t)
    title = escape(t("curve_of", field=name) if name else t("curve"))
    if not drawn:
        return None
    return f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">{drawn}</svg>'


def curve_file(points: Sequence[CurvePoint], margin: float | None, t: Texts) -> tuple[str, float, float] | None:
    """Return what is drawn, with its key beneath, its width and its height; None where no round was measured."""
    drawn = _drawn(points, margin, t)
    if not drawn:
        return None
    y, lines = HEIGHT + KEY / 2, ("model", "people", "margin") if margin is not None else ("model", "people")
    step = (WIDTH - LEFT - RIGHT) / len(lines)
    keys = "".join(key(name, t(f"legend_{name}"), LEFT + place * step, y) for place, name in enumerate(lines))
    return drawn + keys, WIDTH, HEIGHT + KEY


def key(name: str, said: str, x: float, y: float) -> str:
    """Return a piece of a line with what it stands for."""
    words = escape(said)
    return f'<path class="line {name}" d="M{x:.0f} {y:.0f}h28"/><text x="{x + 36:.0f}" y="{y + 4:.0f}">{words}</text>'


def _drawn(points: Sequence[CurvePoint], margin: float | None, t: Texts) -> str:
    measured = [
        (one.closed.number, one.closed.train, one.measured)
        for one in points
        if one.measured and one.measured.agreement is not None
    ]
    if not measured:
        return ""
    scale = _scale(measured, margin or 0.0)
    return "".join((*_grid(scale, t), *_people(measured, margin, scale), *_model(measured, scale, t)))


def _scale(measured: Sequence[Measured], margin: float) -> Scale:
    shares = [share for _, _, one in measured for share in _shares(one, margin)]
    labels = [count for _, count, _ in measured]
    lowest = max(min(shares), 0.0)
    step = _step(lowest)
    return Scale(min(labels), max(labels), max(0.0, 1 - max(1, ceil((1 - lowest) / step - 0.1)) * step))


def _shares(one: Evaluation, margin: float) -> Iterator[float]:
    human = None if one.human_agreement is None else one.human_agreement - margin
    yield from (share for share in (one.agreement, one.agreement_low, one.human_low, human) if share is not None)


def _grid(scale: Scale, t: Texts) -> Iterator[str]:
    step = _step(scale.lowest)
    for number in range(round((1 - scale.lowest) / step) + 1):
        share = 1 - number * step
        y = scale.y(share)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 5:.1f}" text-anchor="end">{escape(t.share(share))}</text>'
    for tick in ticks(scale.fewest, scale.most):
        yield f'<text x="{scale.x(tick):.1f}" y="{HEIGHT - BOTTOM + 24}" text-anchor="middle">{tick:,}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(t("axis_labels"))}</text>'


def ticks(fewest: int, most: int) -> list[int]:
    """Return at most 6 round numbers between the two, or the one where they are the same.

    >>> ticks(25, 200), ticks(25, 25), ticks(10, 1250)
    ([50, 100, 150, 200], [25], [500, 1000])
    """
    if most <= fewest:
        return [fewest]
    rough = max((most - fewest) / (TICKS - 1), 1)
    power = 10 ** int(log10(rough))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= rough)
    return [*range(-(-fewest // step) * step, most + 1, step)]


def _step(lowest: float) -> float:
    return 0.1 if lowest >= 0.5 else 0.2


def _people(measured: Sequence[Measured], margin: float | None, scale: Scale) -> Iterator[str]:
    people = [
        (scale.x(labels), one.human_agreement, one.human_low, one.human_high)
        for _, labels, one in measured
        if one.human_agreement is not None and one.human_low is not None and one.human_high is not None
    ]
    if not people:
        return
    if len(people) == 1:  # a line needs two points: one round's people are true of all its labels
        people = [(float(LEFT), *people[0][1:]), (float(WIDTH - RIGHT), *people[0][1:])]
    yield band("people", [(x, low, high) for x, _, low, high in people], scale)
    yield line("people", [(x, human) for x, human, _, _ in people], scale)
    if margin is not None:
        yield line("margin", [(x, human - margin) for x, human, _, _ in people], scale)


def _model(measured: Sequence[Measured], scale: Scale, t: Texts) -> Iterator[str]:
    known = [(number, labels, one, one.agreement) for number, labels, one in measured if one.agreement is not None]
    yield band(
        "model",
        [
            (scale.x(labels), one.agreement_low, one.agreement_high)
            for _, labels, one, _ in known
            if one.agreement_low is not None and one.agreement_high is not None
        ],
        scale,
    )
    yield line("model", [(scale.x(labels), share) for _, labels, _, share in known], scale)
    for number, labels, one, share in known:
        interval = t.interval(one.agreement_low, one.agreement_high)
        told = t("point", round=number, n=labels, version=one.version, share=t.share(share), interval=interval)
        place = f'cx="{scale.x(labels):.1f}" cy="{scale.y(share):.1f}" r="4"'
        yield f'<circle class="model" {place}><title>{escape(told)}</title></circle>'


def band(name: str, points: Sequence[tuple[float, float, float]], scale: Heights) -> str:
    """Return a band through places to the right, each with a lower and an upper share."""
    if len(points) == 1:  # a single interval is drawn as what it is
        x, low, high = points[0]
        return f'<path class="line {name}" d="M{x:.1f} {scale.y(high):.1f}V{scale.y(low):.1f}"/>'
    upper = [f"{x:.1f},{scale.y(high):.1f}" for x, _, high in points]
    lower = [f"{x:.1f},{scale.y(low):.1f}" for x, low, _ in reversed(points)]
    return f'<polygon class="band {name}" points="{" ".join(upper + lower)}"/>'


def line(name: str, points: Sequence[tuple[float, float]], scale: Heights) -> str:
    """Return a line through places to the right, each with a share."""
    places = " ".join(f"{x:.1f},{scale.y(share):.1f}" for x, share in points)
    return f'<polyline class="line {name}" points="{places}"/>'
