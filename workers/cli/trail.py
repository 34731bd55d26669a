"""`labelloop log`."""

import json
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from labelloop.domain.action_record import Action
from workers.cli.arguments import AsJson, Project
from workers.cli.console import output
from workers.cli.open_records import open_records
from workers.cli.record_json import record_json

Last = Annotated[int, typer.Option("--last", help="At most this many actions.", min=1, max=1_000_000)]


def log(project: Project, last: Last = 50, as_json: AsJson = False) -> None:
    """Show who changed what in a project, and from where, newest first.

    Pages and commands are entered; what the loop does by itself is not.
    """
    with open_records() as records:
        records.project(project)  # raises NotConnected
        found = records.book.ledger.latest(Action, project, last)
    if as_json:
        names = ("created_at", "who", "action", "detail", "origin", "address")
        typer.echo(json.dumps([record_json(one, *names) for one in found], ensure_ascii=False, indent=1))
        return
    table = Table("when (UTC)", "who", "action", "detail", "from", box=None, pad_edge=False, header_style="dim")
    for one in found:
        cells = (f"{one.created_at:%Y-%m-%d %H:%M:%S}", one.who, one.action, one.detail, f"{one.origin} {one.address}")
        table.add_row(*map(Text, cells))
    output().print(table if found else "Nobody has changed anything yet.")
