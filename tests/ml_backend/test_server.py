"""Which threads the ML backend and the pages are served with."""

from labelloop.settings import Settings
from ml_backend.server import backend_server, pages_server

SETTINGS = Settings(_env_file=None, port=9191, pages_port=9192, threads=3)


def test_threads_are_left_for_all_but_predictions() -> None:
    """Four for everything else, four for pages, or eight for those that are handed on."""
    server = backend_server(SETTINGS, processes=2)
    assert (server.bind_addr, server.bind_port, server.workers) == ("127.0.0.1", 9191, 2)
    assert server.blocking_threads == 3 + 4 + 4
    apart = SETTINGS.model_copy(update={"pages_service_url": "http://127.0.0.1:9192"})
    assert backend_server(apart).blocking_threads == 3 + 4 + 8


def test_pages_are_served_by_one_process() -> None:
    """It remembers their figures."""
    server = pages_server(SETTINGS)
    assert (server.bind_port, server.workers, server.blocking_threads) == (9192, 1, 10)
