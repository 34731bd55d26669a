"""The newest round's candidates as people and as scripts read them."""

from typing import Any

from rich.markup import escape
from rich.table import Table

from labelloop.number_format import money, percent
from workers.admin.leaderboard import Compared
from workers.cli.record_json import record_json

_RIGHT = ("cost of 1,000", "ms a text")


def compared_table(rows: tuple[Compared, ...]) -> Table:
    """Return one row a version, the best agreement first; `▶` marks the one that serves."""
    table = Table(box=None, pad_edge=False, collapse_padding=True, header_style="dim")
    for column in ("", "learner", "version", "agreement", *_RIGHT):
        table.add_column(column, justify="right" if column in _RIGHT else "left", no_wrap=True)
    for row in rows:
        found = row.evaluation
        table.add_row(
            "▶" if row.serves else "",
            escape(row.fit.learner),
            found.version,
            percent(found.agreement, found.agreement_low, found.agreement_high),
            money(found.cost_per_1000),
            f"{found.ms_per_text:,.1f}",
        )
    return table


def compared_json(row: Compared) -> dict[str, Any]:
    """Return a row as `labelloop status --json` prints it."""
    interval = {"low": "agreement_low", "high": "agreement_high"}
    names = ("version", "n", "agreement", "cost_per_1000", "ms_per_text")
    found = record_json(row.evaluation, *names, round="round_number", **interval)
    return {"learner": row.fit.learner, **found, "serves": row.serves}
