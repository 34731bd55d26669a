"""How often a model is wrong by how much is left to it, as an SVG that stands in the page and as rows of a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from labelloop.domain.records import Certificate
from labelloop.stats.intervals import wilson
from labelloop.stats.risk_coverage import RiskPoint
from ml_backend.pages.curve_chart import BOTTOM, HEIGHT, KEY, LEFT, RIGHT, TOP, WIDTH, band, key, line
from ml_backend.pages.page_texts import Texts

STEPS = 10
"""How many rows the table has, and numbers the axis."""


@dataclass(frozen=True, slots=True)
class RiskRow:
    """Where `share` of the tasks drawn are left to the model: from which margin on, and how many it has wrong.

    `risk` is the share of those, in [0, 1], with its 95 % interval. `stands` marks the row of the threshold.
    """

    share: float
    tasks: int
    margin: float
    errors: int
    low: float
    high: float
    stands: bool

    @property
    def risk(self) -> float:
        """Return how often the model is wrong there."""
        return self.errors / self.tasks


@dataclass(frozen=True, slots=True)
class _Scale:
    most: float

    def x(self, share: float) -> float:
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, share: float) -> float:
        return TOP + (1 - min(share, self.most) / self.most) * (HEIGHT - TOP - BOTTOM)


def risk_rows(points: Sequence[RiskPoint], certificate: Certificate) -> list[RiskRow]:
    """Return every point of the curve as a row."""
    return [_row(one, certificate) for one in points]


def few_rows(rows: Sequence[RiskRow]) -> list[RiskRow]:
    """Return about ten of the rows, a tenth of the tasks apart, and that of the threshold."""
    wanted = {next((at for at, one in enumerate(rows) if one.share >= step / STEPS), 0) for step in range(1, STEPS + 1)}
    return [one for at, one in enumerate(rows) if at in wanted or one.stands]


def risk_chart(rows: Sequence[RiskRow], name: str, t: Texts) -> str | None:
    """Return the chart, None where there is no curve. Whatever is not a number of ours is escaped."""
    if not rows:
        return None
    title, drawn = escape(t("of_field", field=name, sentence=t("risk")) if name else t("risk")), risk_drawn(rows, t)
    return f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">{drawn}</svg>'


def risk_drawn(rows: Sequence[RiskRow], t: Texts, *, keyed: bool = False) -> str:
    """Return what is drawn, with its key beneath if wanted."""
    scale, y = _Scale(_most(rows)), HEIGHT + KEY / 2
    keys = (key("model", t("legend_risk"), LEFT, y), key("margin", t("legend_threshold"), WIDTH / 2 + LEFT, y))
    return "".join((*_grid(scale, t), *_curve(rows, scale), *(keys if keyed else ())))


def _row(one: RiskPoint, certificate: Certificate) -> RiskRow:
    found = wilson(one.errors, one.tasks)
    stands = certificate.granted and one.tasks == round(certificate.automated * certificate.n)
    return RiskRow(one.tasks / certificate.n, one.tasks, one.margin, one.errors, found.low, found.high, stands)


def _most(rows: Sequence[RiskRow]) -> float:
    """Return where the axis ends: above the risk of all tasks, and above its interval but for the first few."""
    reached = max([one.risk for one in rows if one.share >= 1 / STEPS] + [rows[-1].high])
    return min(1.0, (int(reached * STEPS) + 1) / STEPS)


def _grid(scale: _Scale, t: Texts) -> Iterator[str]:
    for number in range(6):
        share = scale.most * number / 5
        y = scale.y(share)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 5:.1f}" text-anchor="end">{escape(t.share(share))}</text>'
        x = scale.x(number / 5)
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 24}" text-anchor="middle">{escape(t.share(number / 5))}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(t("axis_coverage"))}</text>'


def _curve(rows: Sequence[RiskRow], scale: _Scale) -> Iterator[str]:
    yield band("model", [(scale.x(one.share), one.low, one.high) for one in rows], scale)
    yield line("model", [(scale.x(one.share), one.risk) for one in rows], scale)
    for one in rows:
        if one.stands:
            x = scale.x(one.share)
            yield f'<path class="line margin" d="M{x:.1f} {scale.y(0):.1f}V{TOP}"/>'
