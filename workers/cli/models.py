"""`labelloop train` and `versions`."""

import json
import time

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from labelloop.steps.phase_guard import refuse_frozen
from labelloop.steps.trail import enter
from workers.admin.close_early import close_early
from workers.admin.status import known_jobs
from workers.admin.version_rows import version_rows
from workers.cli.arguments import AsJson, Now, OneField, Project
from workers.cli.console import output
from workers.cli.open_records import Records, open_records
from workers.cli.status_table import tunings
from workers.cli.version_table import version_json, version_table


def train(project: Project, now: Now = False) -> None:
    """Close a round and fit the learners, like "Start training".

    A round is closed if anything is new; then its models are fitted, evaluated, and the winner is published. With
    --now the learners that take minutes come last, one after another; Ctrl-C leaves the rest to the workers.
    """
    with open_records() as records:
        if not now:
            close_early(records.book, records.bell, project)
            typer.echo(f"A worker goes to work if anything is new. See: labelloop status {project}")
            return
        refuse_frozen(records.connected(project))
        enter(records.book, project, "train", "--now")
        _work(records, project)
        serving = records.connected(project).deployed_versions
    typer.echo(f"Done. {serving or 'No model yet: no version'} {'serve' if '+' in serving else 'serves'}.")


def _work(records: Records, project_id: int) -> None:
    from workers.jobs.foreground import train_now  # loads the whole loop

    console = Console(stderr=True, highlight=False)
    name, started = "", time.monotonic()

    def finished() -> None:
        if name:
            console.print(f"✓ {name} ({time.monotonic() - started:.1f} s)")

    bars = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*bars, console=console, transient=True) as progress:
        line = progress.add_task("collect", total=None)
        llm = records.settings.llm.is_complete

        def report(share: float) -> None:
            progress.update(line, total=1.0, completed=share)

        for step in train_now(records.book, project_id, records.bell, report, llm=llm):
            finished()
            name, started = step, time.monotonic()
            progress.reset(line, total=None, description=step)
        finished()


def versions(project: Project, field: OneField = None, as_json: AsJson = False) -> None:
    """List a project's model versions, and the learners at work in the background."""
    with open_records() as records:
        states = records.fields(project, field)
        jobs = known_jobs(records.bell, project)
    rows = version_rows(states)
    if as_json:
        typer.echo(json.dumps([version_json(row) for row in rows], ensure_ascii=False, indent=1))
        return
    console = output()
    console.print(version_table(rows) if rows else "There is no version yet.")
    for line in tunings(jobs) if jobs else ():
        console.print(line)
