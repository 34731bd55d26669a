"""`labelloop deploy` and `rollback`."""

from typing import Annotated

import typer

from labelloop.errors import UserError
from labelloop.steps import deployments as steps
from workers.admin.serve_version import Served, of_one_field, roll_back, serve_version
from workers.cli.arguments import OneField, Project
from workers.cli.open_records import open_records

Version = Annotated[str | None, typer.Argument(help="The version, such as v3.", metavar="VERSION", show_default=False)]
Pin = Annotated[bool, typer.Option("--pin", help="Keep it, whatever the next rounds bring, until --unpin.")]
Unpin = Annotated[bool, typer.Option("--unpin", help="Let the promotion rule decide again after the next round.")]
To = Annotated[str | None, typer.Option(help="The version; without it the one that served before.", show_default=False)]


def deploy(
    project: Project, version: Version = None, pin: Pin = False, unpin: Unpin = False, field: OneField = None
) -> None:
    """Let a version serve from now on.

    It answers the field that it was fitted for. After the next round the promotion rule decides again, unless the
    version is pinned.
    """
    if unpin == (version is not None):
        raise UserError(
            "Name the version that is to serve (labelloop deploy 12 v3), or --unpin the one that is pinned."
        )
    with open_records() as records:
        state = records.connected(project, field)
        if version is None:
            kept = steps.unpin(records.book, of_one_field(state, field))
            typer.echo(f"{kept.version} goes on serving; after the next round the rule decides again.")
            return
        _say(project, serve_version(records.book, records.bell, state, version, pin=pin), pin=pin)


def rollback(project: Project, to: To = None, field: OneField = None) -> None:
    """Go back to the version that served before.

    Each time one step further back: versions that were left by going back are not come back to.
    """
    with open_records() as records:
        state = records.connected(project, field)
        state = state if to else of_one_field(state, field)
        _say(project, roll_back(records.book, records.bell, state, to))


def _say(project: int, served: Served, *, pin: bool = False) -> None:
    for passed_over, reason in served.passed_over:
        typer.echo(f"{passed_over} is passed over: {reason}.")
    if not served.is_new:
        typer.echo(f"{served.version} serves already.")
        return
    after = (
        f"It stays until `labelloop deploy {project} --unpin`."
        if pin
        else "After the next round the rule decides again."
    )
    typer.echo(f"{served.version} serves from now on; a worker re-orders the queue. {after}")
