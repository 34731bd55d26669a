"""`labelloop certify` and `labelloop release`."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from labelloop.domain.records import Release
from labelloop.errors import NeighbourError
from labelloop.steps.certify import abandon_attempt, start_attempt
from labelloop.steps.project import ProjectView
from labelloop.steps.release import abandon_release, order_release
from labelloop.words import counted
from workers.bootstrap import Tools, open_tools
from workers.cli.arguments import AsJson, Now, Project
from workers.ending import ReleaseStatus, certificate_status, release_status
from workers.exchange import take_in
from workers.foreground import release_now
from workers.jobs import PATIENCE_S
from workers.lock import project_lock
from workers.write_back import refuse_written_back

PAUSE_S = 0.5

Share = {"min": 0.0001, "max": 0.9999}
MaxError = Annotated[
    float, typer.Option(help="The share of wrong labels that is promised not to be exceeded.", **Share)
]
Confidence = Annotated[float, typer.Option(help="How sure the promise is.", **Share)]
Sample = Annotated[int, typer.Option("--n", help="How many tasks people judge blind for it.", min=1)]
AtLeast = Annotated[
    float,
    typer.Option(help="From which likeness to people's on an answer is right; 1: exactly.", min=0.01, max=1.0),
]
Abandon = Annotated[bool, typer.Option("--abandon", help="End what is under way instead.")]


def certify(
    project: Project,
    max_error: MaxError = 0.05,
    confidence: Confidence = 0.95,
    n: Sample = 300,
    at_least: AtLeast = 1.0,
    abandon: Abandon = False,
    as_json: AsJson = False,
) -> None:
    """Find out which labels of the model may stand, under a promised error.

    The model is frozen, n tasks are drawn at random, and people judge them blind, before all others. Then the
    certificate says from which confidence on the model may label the rest. docs/release.md tells what it promises.
    """
    with open_tools() as tools:
        view = ProjectView(tools.book, project)
        with held(tools, view):
            if abandon:
                abandon_attempt(view)
            else:
                refuse_written_back(tools.label_studio, project)
                start_attempt(view, max_error=max_error, confidence=confidence, n=n, at_least=at_least)
        tell(tools, view)
        found = certificate_status(view)
    assert found is not None
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False, indent=1))
    elif abandon:
        typer.echo(f"Attempt {found.attempt} is abandoned; its tasks are TRAIN again, and rounds go on.")
    else:
        typer.echo(
            f"Attempt {found.attempt}: {found.version} is frozen, and {found.n} of {found.pool} untouched tasks are "
            f"drawn. People now get these first, blank; when all are judged, the certificate is made.\n"
            f"See how far it is: labelloop status {project}"
        )


def release(project: Project, abandon: Abandon = False, now: Now = False, as_json: AsJson = False) -> None:
    """Finish the data set: the certified model labels what it may, people the rest.

    The pool is predicted in chunks, by every worker at once. When people have labelled what is left, the release is
    written. May be run again at any time; it then says how far the release is.
    """
    with open_tools() as tools:
        view = ProjectView(tools.book, project)
        with held(tools, view):
            ordered = abandon_release(view) if abandon else order_release(view)
        if not isinstance(ordered, Release):
            tell(tools, view)
            if not abandon:
                _predict(tools, view, now=now, shown=not as_json)
        found = release_status(view)
    if as_json:
        typer.echo(json.dumps(asdict(found) if found else None, ensure_ascii=False, indent=1))
    elif abandon:
        typer.echo("The release is called off; its certificate stays, and rounds go on.")
    elif found:
        typer.echo(_sentence(found, project))


@contextmanager
def held(tools: Tools, view: ProjectView) -> Iterator[None]:
    """Hold the project, brought up to date, while the block runs; raises NeighbourError if a job has it too long."""
    view.connection  # noqa: B018 - raises NotConnected before anything is waited for
    with project_lock(tools.bell.redis, view.id, wait_s=PATIENCE_S) as mine:
        if not mine:
            raise NeighbourError(f"Project {view.id} is busy with a job: try again in a minute.")
        take_in(view, tools.label_studio)  # what people said a moment ago counts
        yield


def tell(tools: Tools, view: ProjectView) -> None:
    """Let the ML backend and the workers know that something was decided."""
    tools.bell.announce(view.id)
    tools.bell.ring(view.id)


def _predict(tools: Tools, view: ProjectView, *, now: bool, shown: bool) -> None:
    total = len(view.missing_chunks())
    if not now and not (shown and sys.stderr.isatty()):
        return
    columns = (TextColumn("predicting"), BarColumn(), MofNCompleteColumn(), TextColumn("chunks"))
    console = Console(stderr=True, quiet=not shown)
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=total)
        for left in release_now(view, tools.bell) if now else _watch(view):
            progress.update(bar, completed=total - left)


def _watch(view: ProjectView) -> Iterator[int]:
    while left := len(view.missing_chunks()):
        yield left
        time.sleep(PAUSE_S)


def _sentence(found: ReleaseStatus, project: int) -> str:
    if found.path:
        return (
            f"Release {found.number}: {counted(found.tasks or 0, 'label')}, {found.by_people} by people, "
            f"{found.by_model} by {found.version}; {counted(found.left_out or 0, 'task')} left out.\n{found.path}\n"
            f"As files for others: labelloop export {project} FOLDER"
        )
    if found.waiting is None:
        return (
            f"Under way: {found.predicted} of {counted(found.chunks, 'chunk')} predicted, workers do the rest.\n"
            f"See how far it is: labelloop status {project}"
        )
    if not found.waiting:
        return f"Everything has a label: a worker writes the release.\nSee where: labelloop status {project}"
    return (
        f"All is predicted. What is left to people, before all others: {counted(found.waiting, 'task')}.\n"
        f"See how far it is: labelloop status {project}"
    )
