"""`labelloop write-back`."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from labelloop.errors import UserError
from labelloop.formatting import counted
from sync.model_labels import Written
from workers.admin.write_back_release import take_back
from workers.admin.write_back_release import write_back as write
from workers.cli.arguments import AsJson, Project
from workers.jobs.app_context import open_context


class Form(StrEnum):
    """As what model labels stand in Label Studio."""

    PREDICTIONS = "predictions"
    ANNOTATIONS = "annotations"


def write_back(
    project: Project,
    form: Annotated[Form, typer.Option("--as", help="As predictions or as annotations.")] = Form.PREDICTIONS,
    user: Annotated[
        str, typer.Option(metavar="EMAIL", help="The account that owns the annotations.", show_default=False)
    ] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Remove what was written instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the newest release's model labels into Label Studio.

    Tasks with annotations are left alone. Can be run again, also after an interruption. Model labels are never read
    back as people's. docs/release.md says what each form is for.
    """
    if form is Form.ANNOTATIONS and not user and not remove:
        raise UserError("Whose annotations are they to be? Name an account of its own: --user model@example.com.")
    if user and form is Form.PREDICTIONS:
        raise UserError("Predictions belong to no account: leave --user out, or add --as annotations.")
    with open_context() as context, _bar("taking back" if remove else "writing", shown=not as_json) as tell:
        if remove:
            removed = take_back(context, project, on_progress=lambda done: tell(done, None))
        else:
            done = write(context, project, email=user, on_progress=tell)
    if remove:
        typer.echo(json.dumps({"removed": removed}) if as_json else f"{counted(removed, 'label')} taken back.")
    elif as_json:
        typer.echo(json.dumps({"written": done.written, "left_alone": dict(done.left_alone)}, indent=1))
    else:
        _report(done, project, form, user)


def _report(done: Written, project: int, form: Form, user: str) -> None:
    whose = f" of {user}" if user else ""
    typer.echo(f"{counted(done.written, 'label')} of the model written as {form.value}{whose}.")
    for reason, count in done.left_alone.most_common():
        typer.echo(f"  {count} left alone: {reason}")
    typer.echo(f"To take them back: labelloop write-back {project} --remove")


@contextmanager
def _bar(what: str, *, shown: bool) -> Iterator[Callable[[int, int | None], None]]:
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True, quiet=not shown), transient=True) as progress:
        bar = progress.add_task("", total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)
