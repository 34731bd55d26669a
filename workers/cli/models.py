"""`labelloop train`, `deploy`, `rollback` and `versions`."""

import json
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from labelloop.domain.loop import Phase
from labelloop.domain.records import Evaluation, Fit
from labelloop.errors import NotFound, UserError
from labelloop.steps import deploy as steps
from labelloop.steps.project import ProjectView
from workers.cli.arguments import AsJson, Now, Project
from workers.cli.opening import Records, open_records
from workers.cli.status_table import percent
from workers.foreground import train_now

Version = Annotated[str, typer.Argument(help="The version, such as v3.", show_default=False)]


def train(project: Project, now: Now = False) -> None:
    """Close a round and fit the learners, like "Start training".

    A round is closed if anything is new; then its models are fitted, evaluated, and the winner is published.
    """
    with open_records() as records:
        view = records.connected(project)
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

    with console.status("collect") as line:
        for step in train_now(view, records.bell):
            finished()
            name, started = step, time.monotonic()
            line.update(step)
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
    if view.phase is not Phase.ROUNDS:
        raise UserError(
            f"The model of project {view.id} is frozen while it is certified or released. End that first: "
            f"`labelloop {view.phase.value} {view.id} --abandon`."
        )
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
    """List a project's model versions."""
    with open_records() as records:
        view = records.project(project)
        fits = [fit for fit in view.ledger.all(Fit, project) if fit.version]
        measured = {found.version: found for found in view.ledger.all(Evaluation, project)}
        serving = view.ledger.deployed(project)
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
    Console(highlight=False, soft_wrap=True).print(table if fits else "There is no version yet.")


def _row(fit: Fit, measured: Evaluation | None, deployed: str | None) -> dict[str, object]:
    return {
        "name": fit.version,
        "learner": fit.learner,
        "round": fit.round_number,
        "labels": fit.labels,
        "agreement": measured.agreement if measured else None,
        "deployed": fit.version == deployed,
    }
