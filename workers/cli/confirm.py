"""Asking before something is done that cannot simply be undone."""

import sys
from typing import Annotated

import typer

from labelloop.errors import UserError

Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


def confirm(question: str, *, yes: bool) -> None:
    """Return if the person at the terminal agrees, or has agreed before.

    Raises UserError if nobody can be asked, typer.Abort if they do not agree.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError(f"{question} Nobody can be asked here: run it again with --yes.")
    typer.confirm(question, abort=True)
