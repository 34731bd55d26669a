"""`labelloop round list`, `show` and `close`."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from labelloop.domain.records import ClosedRound
from labelloop.errors import NotFound
from labelloop.steps.frozen import refuse_frozen
from labelloop.steps.project import ProjectView
from workers.cli.arguments import AsJson, Now, Project
from workers.cli.opening import open_records
from workers.foreground import close_now

Number = Annotated[int | None, typer.Argument(help="The round; the newest without it.", min=1, show_default=False)]


def list_rounds(project: Project, as_json: AsJson = False) -> None:
    """List a project's rounds."""
    with open_records() as records:
        view = records.project(project)
        rounds = view.ledger.all(ClosedRound, project)
    if as_json:
        typer.echo(json.dumps([_figures(closed) for closed in rounds], ensure_ascii=False, indent=1))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("round", "closed (UTC)", "new", "TRAIN", "MONITOR", "annotations", "because"):
        table.add_column(column, justify="left" if column in ("closed (UTC)", "because") else "right")
    for closed in rounds:
        counts = map(str, (closed.new_train, closed.train, closed.audit, closed.annotations))
        table.add_row(str(closed.number), f"{closed.at:%Y-%m-%d %H:%M}", *counts, closed.because)
    Console(highlight=False, soft_wrap=True).print(table if rounds else "No round was closed yet.")


def show_round(project: Project, number: Number = None, as_json: AsJson = False) -> None:
    """Show a round's counts and where its files are."""
    with open_records() as records:
        view = records.project(project)
        closed = _find(view, number)
        shown = {
            **_figures(closed),
            "folder": records.book.artifacts.path(closed.artifact),
            "files": sorted(records.book.artifacts.manifest(closed.artifact)["files"]),
        }
    if as_json:
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=1))
        return
    typer.echo(
        f"Round {closed.number} of project {project}, closed {closed.at:%Y-%m-%d %H:%M} UTC: {closed.because}.\n"
        f"{closed.new_train} new TRAIN labels, {closed.train} in all; {closed.audit} MONITOR tasks judged; "
        f"{closed.annotations} annotations.\n{shown['folder']}"
    )
    for file in shown["files"]:
        typer.echo(f"  {file}")


def close_round(project: Project, now: Now = False) -> None:
    """Close a round at once, if anything is new."""
    with open_records() as records:
        view = records.connected(project)
        refuse_frozen(view)
        if not now:
            records.bell.ring(project, close=True)
            typer.echo(f"A worker closes the round if anything is new. See: labelloop round list {project}")
        elif close_now(view, records.bell):
            closed = _find(view, None)
            typer.echo(f"Round {closed.number} is closed with {closed.train} TRAIN labels. A worker goes on from here.")
        elif records.bell.close_wanted(project):
            typer.echo("The round before is still being worked on; the next one closes after it.")
        else:
            typer.echo("No round was closed: nothing is new.")


def _find(view: ProjectView, number: int | None) -> ClosedRound:
    rounds = view.ledger.all(ClosedRound, view.id)
    found = [closed for closed in rounds if number in (None, closed.number)]
    if not found:
        known = ", ".join(str(closed.number) for closed in rounds) or "none yet"
        raise NotFound(f"Project {view.id} has no round {number or ''}; there are: {known}.".replace(" ;", ";"))
    return found[-1]


def _figures(closed: ClosedRound) -> dict[str, Any]:
    names = ("number", "because", "new_train", "train", "audit", "annotations")
    return {**{name: getattr(closed, name) for name in names}, "at": closed.at.isoformat()}
