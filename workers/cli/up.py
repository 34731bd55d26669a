"""`labelloop up`: all services on this machine, for the user's own projects."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console

from labelloop.errors import LabelLoopError
from labelloop.log import configure_logging
from labelloop.settings import Settings
from workers.admin.connect_project import connect
from workers.jobs.app_context import open_context
from workers.jobs.reconcile import active_projects
from workers.local.services import Services, settings_for_other_commands, start_services
from workers.local.stack import Stack
from workers.local.stack_here import only_stack

log = structlog.get_logger()


def up(
    directory: Annotated[Path, typer.Option(help="Folder for all data, secrets and logs.")] = Path(".labelloop/up"),
) -> None:
    """Start Label Studio, the queue, the ML backend, its pages, a worker and reconcile here, until Ctrl-C.

    Then, in another terminal, in the same folder: labelloop connect 1.
    """
    console = Console()
    configure_logging("WARNING")
    with only_stack(directory), Stack() as stack, suppress(KeyboardInterrupt):
        services = start_with_progress(stack, directory, console)
        with settings_for_other_commands(services.settings):
            reconnect(services.settings)
            tell_log_in(services, console)
            console.print("Make a project there, import your tasks, then in another terminal, in this folder:")
            console.print("  [bold]labelloop connect 1[/bold]   (the number in the project's address)")
            console.print(f"Logs: {directory / 'logs'}. Ctrl-C stops everything; nothing is lost.")
            stack.watch()


def start_with_progress(stack: Stack, directory: Path, console: Console, base: Settings | None = None) -> Services:
    """Start the services with the settings given, by default the environment's, showing what is being waited for."""
    with console.status("Starting") as status:

        def say(what: str) -> None:
            sentence = f"Starting {what} …"
            if console.is_terminal:
                status.update(sentence)
            else:  # nothing moves in a file: a line for each
                console.print(sentence, soft_wrap=True)

        services = start_services(stack, directory, base or Settings(_env_file=None), say=say)
    for sentence in services.moved:
        console.print(f"[yellow]{sentence}[/yellow]")
    return services


def tell_log_in(services: Services, console: Console) -> None:
    """Print where Label Studio is and how to log in."""
    studio = services.label_studio
    console.print(f"\nLabel Studio: [bold]{studio.url}[/bold]")
    console.print(f"  log in as   {studio.email}\n  password    {studio.password}", highlight=False)


def reconnect(settings: Settings) -> None:
    """Wire every connected project again: the ML backend's address may have changed since the last start."""
    for project_id in active_projects(settings):
        try:
            with open_context(settings) as context:
                connect(context, project_id)
        except LabelLoopError as error:
            log.warning("project_not_reconnected", project=project_id, reason=str(error))
