"""`labelloop doctor`."""

import json
from dataclasses import asdict

import typer
from rich.console import Console
from rich.markup import escape

from labelloop.settings import Settings
from workers.checks import Level
from workers.cli.arguments import AnyProject, AsJson
from workers.cli.failures import FAILED
from workers.doctor import examine

MARKS = {Level.OK: "[green]✓[/]", Level.WARN: "[yellow]![/]", Level.FAULT: "[red]✗[/]"}


def doctor(project: AnyProject = None, as_json: AsJson = False) -> None:
    """Find what is wrong, and say what to do.

    Looks at the settings, the disk, Redis, the workers, the ML backend, Label Studio, the ledger and every connected
    project (or one); status 1 if there is any fault.
    """
    found = examine(Settings(), project)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
    else:
        console = Console(highlight=False, soft_wrap=True)
        for one in found:
            console.print(f"{MARKS[one.level]} {escape(one.what)}")
            if one.advice:
                console.print(f"  → {escape(one.advice)}")
    if any(one.level is Level.FAULT for one in found):
        raise typer.Exit(FAILED)
