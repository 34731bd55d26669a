"""A project's model versions as people and as scripts read them: each figure with what it was measured on."""

from typing import Any

from rich.markup import escape
from rich.table import Table

from labelloop.encoders.encoder_spec import in_words
from labelloop.number_format import percent
from workers.admin.version_rows import VersionRow
from workers.cli.record_json import record_json

_RIGHT = ("round", "labels", "n", "at round", "ms a text")


def version_table(rows: list[VersionRow]) -> Table:
    """Return one line a version; `▶` marks the one that serves. `at round` is that whose audit set has the n tasks."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("", "version", "learner", "field", "round", "labels", "agreement", "n", "at round", "ms a text", ""):
        table.add_column(column, justify="right" if column in _RIGHT else "left", no_wrap=column != "")
    for row in rows:
        fit, found = row.fit, row.measured
        measured = (
            (
                percent(found.agreement, found.agreement_low, found.agreement_high),
                str(found.n),
                str(found.round_number),
                f"{found.ms_per_text:,.1f}",
            )
            if found
            else ("-", "-", "-", "-")
        )
        notes = (
            "pinned" if row.pinned else "",
            f"cannot serve: {row.unservable}" if row.unservable else "",
            f"encoder {in_words(row.encoder)}" if row.outdated else "",
        )
        cells = (fit.version, escape(fit.learner), escape(row.field), str(fit.round_number), str(fit.labels))
        table.add_row("▶" if row.serves else "", *cells, *measured, escape("; ".join(filter(None, notes))))
    return table


def version_json(row: VersionRow) -> dict[str, Any]:
    """Return a version as `labelloop versions --json` prints it."""
    found = record_json(row.fit, "learner", "labels", name="version", round="round_number")
    names = {"agreement": "agreement", "low": "agreement_low", "high": "agreement_high", "n": "n"}
    names |= {"measured_after_round": "round_number", "ms_per_text": "ms_per_text"}
    measured = record_json(row.measured, **names) if row.measured else dict.fromkeys(names)
    served = {"deployed": row.serves, "pinned": row.pinned, "cannot_serve": row.unservable or None}
    return {**found, "field": row.field, "encoder": row.encoder, **measured, **served}
