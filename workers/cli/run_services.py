"""`labelloop serve`, `pages`, `worker` and `reconcile`: what a container or a service manager starts."""

import os
import sys
from typing import Annotated

import typer

from labelloop.log import configure_logging
from labelloop.settings import Settings
from workers.cli.wait_for_services import wait_for_neighbours

NICE = 10
"""How far the pages stand back: at 10 they get a tenth of a processor that predictions want as well."""


def serve(workers: Annotated[int, typer.Option(min=1, help="Processes; each holds the deployed models.")] = 1) -> None:
    """Serve the ML backend that Label Studio asks.

    It listens on LABELLOOP_HOST and LABELLOOP_PORT, under granian, and waits for its neighbours by itself.
    """
    settings = _start()
    settings.require_credentials()
    wait_for_neighbours(settings)
    _become_server("backend", str(workers))


def pages() -> None:
    """Make the pages and the API for the ML backend, in a process of their own.

    It listens on LABELLOOP_HOST and LABELLOOP_PAGES_PORT; the ML backend hands requests on to it where its
    LABELLOOP_PAGES_SERVICE_URL names that address. Predictions go first where the processors are busy.
    """
    settings = _start()
    settings.require_credentials()
    wait_for_neighbours(settings)
    os.nice(NICE)
    _become_server("pages")


def _become_server(*words: str) -> None:
    command = [sys.executable, "-m", "ml_backend.server", *words]
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted: this process becomes the server


def worker(
    background: Annotated[bool, typer.Option("--background", help="Fit slow learners, and nothing else.")] = False,
    burst: Annotated[bool, typer.Option("--burst", help="End when the queue is empty.")] = False,
) -> None:
    """Do the jobs in the queue until stopped.

    Start as many as there is work for, on any machine; one with --background fits the learners that take minutes.
    """
    settings = _start()
    wait_for_neighbours(settings)
    from workers.jobs.worker import run_worker  # loads much that no other command needs

    run_worker(settings, background=background, burst=burst)


def reconcile(
    every: Annotated[float | None, typer.Option(min=1, help="Repeat it every so many seconds.")] = None,
) -> None:
    """Find what a webhook, a queue or a worker lost.

    Rings the bell of every connected project; a worker then looks for new labels and continues where work stopped.
    Then it tells the addresses of `labelloop notify` what has happened.
    """
    from workers.jobs import reconcile as work  # its name is this command's
    from workers.notify.tell import Teller, tell_once

    settings = _start()
    if every is None:
        rung = work.reconcile(settings)
        typer.echo(f"{len(rung)} projects will be looked at{''.join(f' {project}' for project in rung)}.")
        tell_once(Teller(settings))
        return
    wait_for_neighbours(settings)
    work.reconcile_forever(settings, every)


def _start() -> Settings:
    settings = Settings()
    configure_logging(settings.log_level)
    return settings
