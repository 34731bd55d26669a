"""`labelloop instructions`."""

import html
import re
from typing import Annotated

import typer

from labelloop.errors import UserError
from labelloop.state.load import load
from labelloop.steps.trail import enter
from workers.cli.arguments import Project
from workers.jobs.annotator_instructions import (
    Instructions,
    guidelines_for_people,
    instructions_of,
    write_instructions,
)
from workers.jobs.app_context import open_context


def instructions(
    project: Project,
    update: Annotated[
        bool, typer.Option("--update", help="Write them into Label Studio, where nothing stands or what we wrote.")
    ] = False,
) -> None:
    """Show what annotators are told before they label, or write it into Label Studio.

    What somebody else wrote there is never replaced.
    """
    with open_context() as context:
        state = load(context.book, project)
        shown = context.label_studio.project(project)
        guidelines = guidelines_for_people(context.book, state, context.settings)
        found = instructions_of(context.label_studio, shown, [one.field for one in state.fields], guidelines)
        if update and not found.ours:
            raise UserError(
                f"Somebody wrote the labelling instructions of project {project}: they stay. To have ours, empty them "
                "in Label Studio (Settings > Annotation), or copy from `labelloop instructions` what you need."
            )
        written = update and write_instructions(context.label_studio, shown, found)
        if written:
            enter(context.book, project, "instructions")
    typer.echo(_plain(found.wanted))
    typer.echo(_state(found, project, written=written))


def _state(found: Instructions, project: int, *, written: bool) -> str:
    if written:
        return "Written into Label Studio: annotators see it before they label, and whenever they ask for it."
    if not found.ours:
        return "Not shown: Label Studio has instructions that somebody else wrote; they stay."
    if found.is_current:
        return "This is what annotators are told."
    return f"Not in Label Studio yet: labelloop instructions {project} --update"


def _plain(text: str) -> str:
    words = html.unescape(re.sub(r"<[^>]*>", "", text.replace("<br>", "\n")))
    return re.sub(r"\n{3,}", "\n\n", words).strip() + "\n"
