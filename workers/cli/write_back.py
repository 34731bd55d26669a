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
from labelloop.steps.project import ProjectView
from labelloop.words import counted
from sync.write_back import Written
from workers.bootstrap import open_tools
from workers.cli.arguments import AsJson, Project
from workers.write_back import take_back
from workers.write_back import write_back as write


class Form(StrEnum):
    """As what model labels stand in Label Studio."""

    PREDICTIONS = "predictions"
    ANNOTATIONS = "annotations"


def write_back(
    project: Project,
    form: Annotated[Form, typer.Option("--as", help="As what they stand there.")] = Form.PREDICTIONS,
    user: Annotated[
        str, typer.Option(metavar="EMAIL", help="The account that annotations are to belong to.", show_default=False)
    ] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Take back what was written instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the newest release's model labels into Label Studio.

    Tasks that people judged are left alone. May be run again, also after an interruption. Model labels are never read
    back as people's. docs/release.md says what each form is for.
    """
    if form is Form.ANNOTATIONS and not user and not remove:
        raise UserError("Whose annotations are they to be? Name an account of its own: --user model@example.com.")
    if user and form is Form.PREDICTIONS:
        raise UserError("Predictions belong to no account: leave --user out, or add --as annotations.")
    with open_tools() as tools, _bar("taking back" if remove else "writing", shown=not as_json) as tell:
        view = ProjectView(tools.book, project)
        if remove:
            removed = take_back(tools, view, on_progress=lambda done: tell(done, None))
        else:
            done = write(tools, view, email=user, on_progress=tell)
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
