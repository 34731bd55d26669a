"""`labelloop refit`."""

import typer

from labelloop.encoders.encoder_spec import in_words
from labelloop.steps.refit import order_refit
from workers.cli.arguments import Project
from workers.cli.open_records import open_records


def refit(project: Project) -> None:
    """Fit the newest round anew, with the learners and the encoder that the rules now name.

    The version that serves goes on serving until what comes out of it has won.
    """
    with open_records() as records:
        state = records.connected(project)
        order = order_refit(records.book, state)
        records.bell.ring(project)
    number = order.round_number if order else state.round_number
    begun = "is fitted anew" if order else "is being fitted already"
    typer.echo(f"Round {number} {begun}, with the encoder {in_words(state.encoder)}. See: labelloop status {project}")
