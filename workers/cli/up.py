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
from workers.bootstrap import open_tools
from workers.connect import connect
from workers.local.services import Services, settings_for_other_commands, start_services
from workers.local.stack import Stack
from workers.reconcile import active_projects

log = structlog.get_logger()


def up(
    directory: Annotated[Path, typer.Option(help="Folder for all data, secrets and logs.")] = Path(".labelloop/up"),
) -> None:
    """Start Label Studio, the queue, the ML backend, a worker and reconcile here, until Ctrl-C.

    Then, in another terminal, in the same folder: labelloop connect 1.
    """
    console = Console()
    configure_logging("WARNING")
    with Stack() as stack, suppress(KeyboardInterrupt):
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
        services = start_services(
            stack, directory, base or Settings(_env_file=None), say=lambda what: status.update(f"Starting {what} …")
        )
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
            with open_tools(settings) as tools:
                connect(tools, project_id)
        except LabelLoopError as error:
            log.warning("project_not_reconnected", project=project_id, because=str(error))
