"""`labelloop disconnect`."""

import typer

from workers.admin.connect_project import disconnect as disconnect_project
from workers.cli.arguments import Project
from workers.jobs.app_context import open_context


def disconnect(project: Project) -> None:
    """Take a project out of the loop.

    Rounds, models, labels and predictions stay.
    """
    with open_context() as context:
        was_connected = disconnect_project(context, project)
    typer.echo(
        f"Project {project} is disconnected. What was recorded stays; `labelloop connect {project}` continues."
        if was_connected
        else f"Project {project} was not connected; nothing was recorded."
    )
