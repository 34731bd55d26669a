"""The verdicts of a project's fields beside each other."""

from collections.abc import Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from labelloop.domain.human_level import Outcome
from labelloop.number_format import percent


def verdict_table(fields: Sequence[str], reports: Sequence[dict[str, Any]]) -> Table:
    """Return one line for each field: its verdict, how far model and people agree, and what is missing for a yes.

    Cells wrap where the terminal is narrow: nothing is cut.
    """
    table = Table(box=None, pad_edge=False, collapse_padding=True, header_style="dim")
    for name in ("field", "round", "model", "human level", "agreement", "people", "audit", "missing"):
        table.add_column(name, justify="right" if name in ("round", "audit") else "left", overflow="fold")
    for field, report in zip(fields, reports, strict=True):
        model, people = report["agreement"], report["human_agreement"]
        table.add_row(
            escape(field),
            str(report["round"]),
            report["version"] or "-",
            report["outcome"],
            percent(model["value"], model["low"], model["high"]) if model["n"] else "-",
            percent(people["value"]) if people["n"] else "-",
            str(model["n"]),
            _missing(report),
        )
    return table


def _missing(report: dict[str, Any]) -> str:
    if report["outcome"] == Outcome.YES:
        return "nothing"
    work = report["forecast"]
    found = ((work["audit_tasks"], "audit tasks"), (work["labels"], "labels"))
    return ", ".join(f"{number} {what}" for number, what in found if number is not None) or "no forecast"
