"""`labelloop train`, `deploy`, `rollback` and `versions`."""

import json
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from labelloop.domain.records import Evaluation, Fit
from labelloop.errors import NotFound
from labelloop.steps import deploy as steps
from labelloop.steps.frozen import refuse_frozen
from labelloop.steps.project import ProjectView
from workers.cli.arguments import AsJson, Now, Project
from workers.cli.figures import percent
from workers.cli.opening import Records, open_records
from workers.cli.status_table import tunings
from workers.foreground import train_now
from workers.status import known_jobs

Version = Annotated[str, typer.Argument(help="The version, such as v3.", show_default=False)]


def train(project: Project, now: Now = False) -> None:
    """Close a round and fit the learners, like "Start training".

    A round is closed if anything is new; then its models are fitted, evaluated, and the winner is published. With
    --now the learners that take minutes come last, one after another; Ctrl-C leaves the rest to the workers.
    """
    with open_records() as records:
        view = records.connected(project)
        refuse_frozen(view)
        if not now:
            records.bell.ring(project, close=True)
            typer.echo(f"A worker goes to work if anything is new. See: labelloop status {project}")
            return
        _work(view, records)
        serving = view.ledger.deployed(project)
    typer.echo(f"Done. {serving.version if serving else 'No model yet: no version'} serves.")


def _work(view: ProjectView, records: Records) -> None:
    console = Console(stderr=True, highlight=False)
    name, started = "", time.monotonic()

    def finished() -> None:
        if name:
            console.print(f"✓ {name} ({time.monotonic() - started:.1f} s)")

    bars = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*bars, console=console, transient=True) as progress:
        line = progress.add_task("collect", total=None)
        for step in train_now(view, records.bell, lambda share: progress.update(line, total=1.0, completed=share)):
            finished()
            name, started = step, time.monotonic()
            progress.reset(line, total=None, description=step)
        finished()


def deploy(project: Project, version: Version) -> None:
    """Let a version answer from now on."""
    with open_records() as records:
        _serve(records, records.connected(project), version, "deployed by command")


def rollback(
    project: Project,
    to: Annotated[str | None, typer.Option(help="The version; without it the one that served before.")] = None,
) -> None:
    """Go back to the version that served before."""
    with open_records() as records:
        view = records.connected(project)
        version = to or steps.previous_version(view)
        if version is None:
            raise NotFound(f"No version served project {project} before: there is nothing to go back to.")
        _serve(records, view, version, "rolled back by command")


def _serve(records: Records, view: ProjectView, version: str, because: str) -> None:
    refuse_frozen(view)
    serving = view.ledger.deployed(view.id)
    if serving and serving.version == version:
        typer.echo(f"{version} serves already.")
        return
    steps.deploy(view, version, because=because)
    records.bell.announce(view.id)
    records.bell.ring(view.id)
    typer.echo(
        f"{version} serves from now on; a worker re-orders the queue. After the next round the rule decides again."
    )


def versions(project: Project, as_json: AsJson = False) -> None:
    """List a project's model versions, and the learners at work in the background."""
    with open_records() as records:
        view = records.project(project)
        fits = [fit for fit in view.ledger.all(Fit, project) if fit.version]
        measured = {e.version: e for e in view.ledger.all(Evaluation, project) if not e.failure}
        serving = view.ledger.deployed(project)
        jobs = known_jobs(records.bell, project)
    deployed = serving.version if serving else None
    if as_json:
        rows = [_row(fit, measured.get(fit.version), deployed) for fit in fits]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    table = Table(
        "", "version", "learner", "round", "labels", "agreement", box=None, pad_edge=False, header_style="dim"
    )
    for fit in fits:
        found = measured.get(fit.version)
        agreement = percent(found.agreement, found.agreement_low, found.agreement_high) if found else "-"
        mark = "▶" if fit.version == deployed else ""
        table.add_row(mark, fit.version, fit.learner, str(fit.round_number), str(fit.labels), agreement)
    console = Console(highlight=False, soft_wrap=True)
    console.print(table if fits else "There is no version yet.")
    for line in tunings(jobs) if jobs else ():
        console.print(line)


def _row(fit: Fit, measured: Evaluation | None, deployed: str | None) -> dict[str, object]:
    return {
        "name": fit.version,
        "learner": fit.learner,
        "round": fit.round_number,
        "labels": fit.labels,
        "agreement": measured.agreement if measured else None,
        "deployed": fit.version == deployed,
    }
