"""`labelloop deploy` and `rollback`."""

from typing import Annotated

import typer

from labelloop.errors import UserError
from labelloop.state.project_state import ProjectState
from labelloop.state.servable import refuse_unservable
from labelloop.steps import deployments as steps
from labelloop.steps.phase_guard import refuse_frozen
from workers.cli.arguments import OneField, Project
from workers.cli.open_records import Records, open_records

Version = Annotated[str | None, typer.Argument(help="The version, such as v3.", show_default=False)]
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
            kept = steps.unpin(records.book, _of_one_field(state, field))
            typer.echo(f"{kept.version} goes on serving; after the next round the rule decides again.")
            return
        state = _that_it_answers(state, version)
        if not pin:
            steps.refuse_pinned(state)
        _serve(records, state, version, "pinned by command" if pin else "deployed by command", pin=pin)


def rollback(project: Project, to: To = None, field: OneField = None) -> None:
    """Go back to the version that served before.

    Each time one step further back: versions that were left by going back are not come back to.
    """
    with open_records() as records:
        state = records.connected(project, field)
        state = _that_it_answers(state, to) if to else _of_one_field(state, field)
        steps.refuse_pinned(state)
        if to is None:
            back = steps.step_back(state)
            for passed_over, reason in back.passed_over:
                typer.echo(f"{passed_over} is passed over: {reason}.")
            to = back.version
        _serve(records, state, to, "rolled back by command", back=True)


def _that_it_answers(state: ProjectState, version: str) -> ProjectState:
    """Return the state with the field in focus that a version was fitted for, if that is looped."""
    refuse_unservable(state, state.version(version))
    return state.focused(state.field_of(state.version(version)))


def _of_one_field(state: ProjectState, field: str | None) -> ProjectState:
    """Return the state, if one field is meant; raises UserError where that may be any of several."""
    if len(state.fields) > 1 and not field:
        names = ", ".join(one.field.name for one in state.fields)
        raise UserError(f"Project {state.id} has several fields ({names}): name one with --field.")
    return state


def _serve(
    records: Records, state: ProjectState, version: str, reason: str, *, pin: bool = False, back: bool = False
) -> None:
    refuse_frozen(state)
    refuse_unservable(state, state.version(version))
    was = state.looped
    if was.deployed_version == version and (was.pinned_version == version or not pin):
        typer.echo(f"{version} serves already.")
        return
    steps.deploy(records.book, state, version, reason=reason, pinned=pin, rolled_back=back)
    records.bell.announce(state.id)
    records.bell.ring(state.id)
    after = (
        f"It stays until `labelloop deploy {state.id} --unpin`."
        if pin
        else "After the next round the rule decides again."
    )
    typer.echo(f"{version} serves from now on; a worker re-orders the queue. {after}")
