"""The fields of a project beside each other."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from labelloop.number_format import percent
from workers.admin.status import ProjectStatus
from workers.cli.interval_bar import bar


def field_table(fields: Sequence[ProjectStatus]) -> Table:
    """Return one line a field: its labels, its model, how far that agrees with people, and its newest verdict.

    `next` says for how many of the next tasks it is the reason why they were chosen.
    """
    table = Table(box=None, pad_edge=False, collapse_padding=True, header_style="dim")
    for name in ("field", "labels", "audit", "model", "agreement", "0 to 100 %", "people", "human level", "next"):
        table.add_column(name, justify="right" if name in ("labels", "audit", "next") else "left", no_wrap=True)
    for status in fields:
        found = status.agreement
        table.add_row(
            escape(status.field.name) if status.field else "-",
            str(status.labels.train),
            str(found.n if found else status.labels.monitor),
            status.deployment.version if status.deployment else "-",
            percent(found.agreement, found.agreement_low, found.agreement_high) if found else "-",
            bar(found.agreement, found.agreement_low, found.agreement_high, found.human_agreement) if found else "",
            percent(found.human_agreement) if found else "-",
            status.verdict.outcome if status.verdict else "-",
            "-" if status.chosen is None else str(status.chosen),
        )
    return table
