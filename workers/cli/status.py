"""`labelloop status`."""

import json

import typer

from workers.admin.status import project_statuses
from workers.cli.arguments import AnyProject, AsJson, OneField
from workers.cli.console import output
from workers.cli.open_records import open_records
from workers.cli.status_json import to_json
from workers.cli.status_table import to_table


def status(project: AnyProject = None, field: OneField = None, as_json: AsJson = False) -> None:
    """Show how far a project is, and what comes next.

    Rounds, labels, model versions, agreement with people beside that of people with each other, jobs. Of several
    fields each has a line; --field shows all there is to one. docs/status.md describes the JSON.
    """
    with open_records() as records:
        ids = [project] if project is not None else records.book.ledger.projects()
        found = [project_statuses(records.book, records.fields(id_, field), records.bell) for id_ in ids]
    if as_json:
        shown = [to_json(one) for one in found]
        typer.echo(json.dumps(shown[0] if project is not None else shown, ensure_ascii=False, indent=1))
        return
    if not found:
        typer.echo("No project is connected yet: labelloop connect PROJECT")
    for one in found:
        output().print(to_table(one))
        typer.echo()
