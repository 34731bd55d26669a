"""`labelloop rename`."""

from typing import Annotated

import typer

from labelloop.formatting import counted
from workers.admin import rename as work
from workers.cli.arguments import OneField, Project
from workers.jobs.app_context import open_context


def rename(
    project: Project,
    label: Annotated[
        list[str], typer.Option(metavar="OLD=NEW", help="What a label was called and is called now; can be repeated.")
    ],
    field: OneField = None,
) -> None:
    """Let annotations with a label that was renamed count under its new name.

    Rename it in Label Studio's labelling configuration first. The annotations there keep the old name.
    """
    pairs = work.parse_renames(label)
    with open_context() as context:
        done = work.rename(context, project, pairs, field or "")
    for old, new in pairs:
        typer.echo(f"{counted(done.annotations[old], 'annotation')} of {old} count as {new} from now on.")
    typer.echo(
        "A worker closes a round and fits the learners anew"
        + (f"; {done.serves} does not know the new name, and serves until then." if done.serves else ".")
    )
