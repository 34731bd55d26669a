"""`labelloop round list`, `show` and `close`."""

import json
from typing import Annotated

import typer
from rich.table import Table

from labelloop.domain.records import ClosedRound
from labelloop.errors import NotFound
from labelloop.state.project_state import ProjectState
from labelloop.steps.phase_guard import refuse_frozen
from labelloop.steps.trail import enter
from workers.admin.close_early import close_early
from workers.cli.arguments import AsJson, Now, Project
from workers.cli.console import output
from workers.cli.open_records import open_records
from workers.cli.status_json import round_json

Number = Annotated[
    int | None, typer.Argument(help="The round; the newest without it.", min=1, metavar="NUMBER", show_default=False)
]


def list_rounds(project: Project, as_json: AsJson = False) -> None:
    """List a project's rounds."""
    with open_records() as records:
        rounds = records.project(project).rounds
    if as_json:
        typer.echo(json.dumps([round_json(closed) for closed in rounds], ensure_ascii=False, indent=1))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("round", "closed (UTC)", "new", "TRAIN", "MONITOR", "annotations", "reason"):
        table.add_column(column, justify="left" if column in ("closed (UTC)", "reason") else "right")
    for closed in rounds:
        counts = map(str, (closed.new_train, closed.train, closed.audit, closed.annotations))
        table.add_row(str(closed.number), f"{closed.created_at:%Y-%m-%d %H:%M}", *counts, closed.reason)
    output().print(table if rounds else "No round was closed yet.")


def show_round(project: Project, number: Number = None, as_json: AsJson = False) -> None:
    """Show a round's counts and where its files are."""
    with open_records() as records:
        closed = _find(records.project(project), number)
        shown = {
            **round_json(closed),
            "folder": records.book.artifacts.path(closed.artifact),
            "files": sorted(records.book.artifacts.manifest(closed.artifact)["files"]),
        }
    if as_json:
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=1))
        return
    typer.echo(
        f"Round {closed.number} of project {project}, closed {closed.created_at:%Y-%m-%d %H:%M} UTC: {closed.reason}.\n"
        f"{closed.new_train} new TRAIN labels, {closed.train} in all; {closed.audit} MONITOR tasks labelled; "
        f"{closed.annotations} annotations.\n{shown['folder']}"
    )
    for file in shown["files"]:
        typer.echo(f"  {file}")


def close_round(project: Project, now: Now = False) -> None:
    """Close a round at once, if anything is new."""
    from workers.jobs.foreground import close_now  # loads the whole loop

    with open_records() as records:
        if not now:
            close_early(records.book, records.bell, project, action="close round")
            typer.echo(f"A worker closes the round if anything is new. See: labelloop round list {project}")
            return
        refuse_frozen(records.connected(project))
        if close_now(records.book, project, records.bell):
            closed = _find(records.connected(project), None)
            enter(records.book, project, "close round", f"round {closed.number}")
            typer.echo(
                f"Round {closed.number} is closed with {closed.train} TRAIN labels. A worker continues from here."
            )
        elif records.bell.close_wanted(project):
            typer.echo("The round before is still being worked on; the next one closes after it.")
        else:
            typer.echo("No round was closed: nothing is new.")


def _find(state: ProjectState, number: int | None) -> ClosedRound:
    found = [closed for closed in state.rounds if number in (None, closed.number)]
    if not found:
        known = ", ".join(str(closed.number) for closed in state.rounds) or "none yet"
        raise NotFound(f"Project {state.id} has no round {number or ''}; there are: {known}.".replace(" ;", ";"))
    return found[-1]
