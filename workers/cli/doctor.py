"""`labelloop doctor`."""

import json
from dataclasses import asdict

import typer
from rich.markup import escape

from labelloop.finding import Level
from labelloop.settings import Settings
from workers.admin.doctor import examine
from workers.cli.arguments import AnyProject, AsJson
from workers.cli.console import output
from workers.cli.error_messages import FAILED

MARKS = {Level.OK: "[green]✓[/]", Level.WARN: "[yellow]![/]", Level.FAULT: "[red]✗[/]"}


def doctor(project: AnyProject = None, as_json: AsJson = False) -> None:
    """Find what is wrong, and say what to do.

    Looks at the settings, the disk, Redis, the workers, the ML backend, Label Studio, the ledger and every connected
    project (or one); status 1 if anything is wrong.
    """
    found = examine(Settings(), project)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
    else:
        console = output()
        for one in found:
            console.print(f"{MARKS[one.level]} {escape(one.what)}")
            if one.advice:
                console.print(f"  → {escape(one.advice)}")
    if any(one.level is Level.FAULT for one in found):
        raise typer.Exit(FAILED)
