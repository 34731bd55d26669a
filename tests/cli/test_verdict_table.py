"""The table of verdicts of a form of eleven fields, as wide as it likes and in a narrow terminal."""

import io
from typing import Any

from rich.console import Console

from workers.cli.verdict_table import verdict_table

NAMES = ["mood", "主题", "reply", *(f"a_field_with_a_long_name_{number}" for number in range(8))]


def report(outcome: str, audit_tasks: int | None = None, labels: int | None = None) -> dict[str, Any]:
    """Return what the table reads of a verdict's report."""
    measured = {"value": 0.83, "low": 0.71, "high": 0.92, "n": 40}
    work = {"audit_tasks": audit_tasks, "labels": labels}
    return {
        "round": 2,
        "version": "v12",
        "outcome": outcome,
        "agreement": measured,
        "human_agreement": measured,
        "forecast": work,
    }


REPORTS = [
    report("yes"),
    report("cannot tell", audit_tasks=35),
    report("not yet", labels=120),
    report("guideline needs work"),
    *[report("not yet")] * 7,
]


def shown(width: int) -> list[str]:
    """Return the lines of the table on a terminal so wide."""
    file = io.StringIO()
    Console(file=file, width=width, soft_wrap=True, highlight=False).print(verdict_table(NAMES, REPORTS))
    return file.getvalue().splitlines()


def test_each_field_has_one_line_where_there_is_room() -> None:
    """As where another program reads it; what is missing tells nothing from what nobody can say."""
    _, *lines = shown(10_000)
    assert [line.split()[0] for line in lines] == NAMES
    assert [line.split(" 40 ")[1].strip() for line in lines[:5]] == [
        "nothing",
        "35 audit tasks",
        "120 labels",
        "no forecast",
        "no forecast",
    ]


def test_cells_wrap_where_the_terminal_is_narrow_and_nothing_is_cut() -> None:
    """Every letter of every cell is there."""
    wide = "".join(shown(10_000)).replace(" ", "")
    for width in (100, 80, 60):
        lines = shown(width)
        assert "…" not in "".join(lines)
        assert max(map(len, lines)) <= width
        assert sorted("".join(lines).replace(" ", "")) == sorted(wide)
