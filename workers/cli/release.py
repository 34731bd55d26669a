"""`labelloop release`."""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from labelloop.domain.records import Release
from labelloop.formatting import counted
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.stores.book import Book
from labelloop.stores.release_files import FieldSummary
from workers.admin.joint_preview import JointPreview, joint_preview, model_share
from workers.admin.order_release import call_off, order
from workers.admin.release_preview import ReleasePreview, goes_without_certificate, labels_left_out, preview, summaries
from workers.admin.release_status import ReleaseStatus, release_status
from workers.cli.arguments import Abandon, AsJson, DryRun, Now, Project
from workers.cli.left_out import listed
from workers.jobs.app_context import AppContext, open_context
from workers.jobs.label_studio_sync import held_up_to_date

PAUSE_S = 0.5


def release(
    project: Project,
    people_only: Annotated[
        bool, typer.Option("--people-only", help="Release what people have said, without a certificate.")
    ] = False,
    dry_run: DryRun = False,
    abandon: Abandon = False,
    now: Now = False,
    as_json: AsJson = False,
) -> None:
    """Finish the data set: the certified model labels what it may, annotators the rest; or people's labels alone.

    The pool is predicted in chunks, by every worker at once. When people have labelled what is left, the release is
    written. Can be run again at any time; it then shows how far the release is. With --people-only, and where people
    have labelled every task, what they said is released at once.
    """
    with open_context() as context:
        book = context.book
        if dry_run:
            _preview(context, project, people_only=people_only, as_json=as_json)
            return
        ordered = call_off(context, project) if abandon else order(context, project, people_only=people_only)
        if not isinstance(ordered, Release) and not abandon:
            _predict(context, project, now=now, shown=not as_json)
        found = release_status(book, load(book, project))
        split: dict[int, str] = labels_left_out(book, ordered) if isinstance(ordered, Release) else {}
        fields = summaries(book, ordered) if isinstance(ordered, Release) else []
    if as_json:
        typer.echo(json.dumps(asdict(found) if found else None, ensure_ascii=False, indent=1))
    elif abandon:
        typer.echo("The release is cancelled; its certificate stays, and rounds go on.")
    elif found:
        typer.echo(_of_fields(found, fields) if len(fields) > 1 else _sentence(found, project))
        _tell_unsettled(split, project)


def _preview(context: AppContext, project: int, *, people_only: bool, as_json: bool) -> None:
    with held_up_to_date(context, project) as state:
        alone = people_only or goes_without_certificate(state)
        wanted = {one.field.name: preview(context.book, one, people_only=alone) for one in state.by_field}
        joint = _joint(context, state, people_only=alone)
    _tell_preview(wanted, joint, as_json=as_json)


def _joint(context: AppContext, state: ProjectState, *, people_only: bool) -> JointPreview | None:
    """Return what a release would hold by tasks, None where the project loops one field."""
    if len(state.fields) < 2:
        return None
    share = None if people_only else model_share(context.book, state, context=context.models_of(state))
    return joint_preview(context.book, state, share)


def _tell_preview(found: Mapping[str, ReleasePreview], joint: JointPreview | None, *, as_json: bool) -> None:
    if as_json:
        pages = {name: asdict(one) for name, one in found.items()}
        page = {"fields": pages, "tasks": asdict(joint)} if joint else next(iter(pages.values()))
        typer.echo(json.dumps(page, ensure_ascii=False, indent=1))
        return
    for name, one in found.items():
        if len(found) > 1:
            typer.echo(f"{name}:")
        _tell_field(one)
    if joint:
        typer.echo(_of_tasks(joint))
    if len(found) > 1 and any(one.waiting for one in found.values()):
        typer.echo("Whoever is given a task labels it for all fields at once.")


def _of_tasks(joint: JointPreview) -> str:
    about = "about " if joint.by_model or joint.mixed else ""
    return (
        f"All fields together: {about}{counted(joint.by_model, 'task')} with models' labels alone, {joint.by_people} "
        f"with people's alone, {joint.mixed} with both; {joint.left} left without a label."
    )


def _tell_field(found: ReleasePreview) -> None:
    model = f", about {found.by_model} by {found.version}" if found.version else ""
    typer.echo(f"A release would have {counted(found.by_people, 'label')} by people{model}.")
    if found.waiting:
        audit = f", {found.waiting_audit} of them audit tasks" if found.waiting_audit else ""
        typer.echo(f"Before that people label about {counted(found.waiting, 'task')} more{audit}, one person each.")
    for reason, tasks in found.left_out.items():
        typer.echo(f"  left out: {counted(tasks, 'task')}: {reason}")


def _tell_unsettled(split: dict[int, str], project: int) -> None:
    if not split:
        return
    typer.echo(f"Left out because people are split: {counted(len(split), 'task')}")
    for line in listed(split):
        typer.echo(line)
    typer.echo(f"Ask one more person about them: labelloop relabel {project} --unsettled")


def _predict(context: AppContext, project_id: int, *, now: bool, shown: bool) -> None:
    book = context.book
    total = _chunks_left(book, project_id)
    if not now and not (shown and sys.stderr.isatty()):
        return
    columns = (TextColumn("predicting"), BarColumn(), MofNCompleteColumn(), TextColumn("chunks"))
    console = Console(stderr=True, quiet=not shown)
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=total)
        for left in _do(context, project_id) if now else _watch(book, project_id):
            progress.update(bar, completed=total - left)


def _chunks_left(book: Book, project_id: int) -> int:
    return len(load(book, project_id).missing_chunks)


def _do(context: AppContext, project_id: int) -> Iterator[int]:
    from workers.jobs.foreground import release_now  # what workers load takes its time

    return release_now(context.book, project_id, context.bell)


def _watch(book: Book, project_id: int) -> Iterator[int]:
    while left := _chunks_left(book, project_id):
        yield left
        time.sleep(PAUSE_S)


def _sentence(found: ReleaseStatus, project: int) -> str:
    if found.path:
        who = f"{found.by_people} by people, {found.by_model} by {found.version}" if found.version else "all by people"
        return (
            f"Release {found.number}: {counted(found.tasks or 0, 'label')}, {who}; "
            f"{counted(found.left_out or 0, 'task')} left out.\n{found.path}\n"
            f"As files for others: labelloop export {project} FOLDER{_left_open(found)}"
        )
    if found.waiting is None:
        return (
            f"Under way: {found.predicted} of {counted(found.chunks, 'chunk')} predicted, workers do the rest.\n"
            f"See how far it is: labelloop status {project}"
        )
    if not found.waiting:
        return f"Everything has a label: a worker writes the release.\nSee where: labelloop status {project}"
    return (
        f"All is predicted. What is left to people, before all others: {counted(found.waiting, 'task')}"
        f"{_audit(found)}, one person each.\n"
        f"See how far it is: labelloop status {project}"
    )


def _left_open(found: ReleaseStatus) -> str:
    if not found.left_open:
        return ""
    tasks = counted(found.left_open, "task")
    if found.version:
        return (
            f"\nLabel Studio still gives people {tasks}: closing them would take a quarter of a second each, so they "
            "stay open. Tell people to stop, or delete what need not be labelled."
        )
    return f"\n{tasks} stay open: people may go on labelling them, and releasing again takes in what they say by then."


def _of_fields(found: ReleaseStatus, fields: Sequence[FieldSummary]) -> str:
    """Return what is said of a written release of several fields: a line for each."""
    lines = [
        f"  {one.field}: {one.by_people} labels by people, {one.by_model} by the model; "
        f"{counted(len(one.not_released), 'task')} without one"
        for one in fields
    ]
    head = (
        f"Release {found.number}: {counted(found.tasks or 0, 'task')} with labels of {len(fields)} fields; "
        f"{counted(found.left_out or 0, 'task')} left out."
    )
    return "\n".join([head, *lines, f"{found.path}{_left_open(found)}"])


def _audit(found: ReleaseStatus) -> str:
    return f" ({found.waiting_audit} of them audit tasks)" if found.waiting_audit else ""
