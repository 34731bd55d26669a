"""How the ML backend and the pages are served: each by granian, in a process whose threads share the models.

    python -m ml_backend.server backend|pages [PROCESSES]

Granian reads the head of a request before a thread is spent on it: connections on which nothing comes, or only half a
head, hold up nobody. Every process follows the ledger by itself, so more of them stay in step.
"""

import sys
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.common import AbstractServer

from labelloop.settings import Settings
from ml_backend.handed_on import AT_ONCE
from ml_backend.page_turns import PAGES
from ml_backend.prediction_turns import SPARE

HEAD_WITHIN_MS = 10_000
END_WITHIN_S = 30


def backend_server(
    settings: Settings, processes: int = 1, app: str = "ml_backend.app:create_app"
) -> "AbstractServer[Any]":
    """Return the server of the ML backend, or of another application that is served as it is."""
    others = AT_ONCE if settings.pages_service_url else PAGES
    return _server(app, settings.host, settings.port, settings.threads + SPARE + others, processes)


def pages_server(settings: Settings) -> "AbstractServer[Any]":
    """Return the server of the pages: of one process, since they take turns and remember figures there."""
    threads = AT_ONCE + 2  # two for /health and /metrics
    return _server("ml_backend.pages_app:create_app", settings.host, settings.pages_port, threads, 1)


def _server(app: str, host: str, port: int, threads: int, processes: int) -> "AbstractServer[Any]":
    return Granian(
        app,
        host,
        port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=processes,
        blocking_threads=threads,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_WITHIN_MS),
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=END_WITHIN_S,
    )


def main(what: str, processes: str = "1") -> None:
    """Serve until told to stop; the settings are the environment's."""
    settings = Settings()
    servers = {"backend": lambda: backend_server(settings, int(processes)), "pages": lambda: pages_server(settings)}
    servers[what]().serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
