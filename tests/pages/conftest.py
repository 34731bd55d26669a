"""The service in front of projects that are written down, and browsers' requests to it."""

import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from labelloop.domain import release_chunks
from labelloop.settings import Settings
from labelloop.stores.book import Book
from ml_backend.app import EXTENSION, create_app
from ml_backend.pages import page_figures
from tests.ml_backend.stage import PASSWORD, SECRET, credentials
from tests.pages.looped import looped, served_beside
from tests.pages.world import World
from tests.workers.conftest import Site
from workers.jobs.app_context import open_serving_context
from workers.jobs.job_queue import Bell
from workers.jobs.open_stores import open_bell, open_book

Open = Callable[..., FlaskClient]


@pytest.fixture
def bell(settings: Settings, clean_redis_url: str) -> Iterator[Bell]:
    """Yield the queue of a service with a real server."""
    opened = open_bell(settings.model_copy(update={"redis_url": clean_redis_url}))
    yield opened
    opened.redis.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with credentials, and neighbours that are not there."""
    return away(tmp_path)


def away(data_dir: Path) -> Settings:
    """Return settings of this folder, with credentials, and neighbours that are not there."""
    return Settings(
        _env_file=None,
        data_dir=data_dir,
        label_studio_url="http://127.0.0.1:1",
        redis_url="redis://127.0.0.1:1/0",
        backend_password=PASSWORD,
        webhook_secret=SECRET,
        refresh_s=600,
    )


@pytest.fixture(scope="session")
def new_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a ledger's file as it is before anything is recorded: making its tables takes longer than a test."""
    settings = Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("ledger"))
    open_book(settings).ledger.engine.dispose()
    return settings.data_dir / "ledger.sqlite"


@pytest.fixture
def book(settings: Settings, new_ledger: Path) -> Iterator[Book]:
    """Yield the ledger and the artifact store of the test."""
    shutil.copy(new_ledger, settings.data_dir)
    opened = open_book(settings)
    yield opened
    opened.ledger.engine.dispose()


@pytest.fixture
def world(book: Book) -> World:
    """Return a way to write projects down."""
    return World(book)


@pytest.fixture
def open_pages(settings: Settings, book: Book, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Yield a way to start the service, with other settings if wanted; the client asks as a browser does.

    Figures are computed at every look, however long that takes here.
    """
    running = []
    monkeypatch.setattr(page_figures, "QUICK_S", math.inf)

    def open_it(*, stranger: bool = False, **changed: object) -> FlaskClient:
        app = create_app(open_serving_context(settings.model_copy(update=changed)))
        running.append(app.extensions[EXTENSION])
        client = app.test_client()
        client.environ_base["HTTP_ACCEPT"] = "text/html,application/xhtml+xml"
        if not stranger:
            client.environ_base["HTTP_AUTHORIZATION"] = credentials()
        return client

    yield open_it
    for serving in running:
        serving.close()


@pytest.fixture
def client(open_pages: Open, world: World) -> FlaskClient:
    """Return a client that knows the service's password."""
    return open_pages()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clean_redis_url: str) -> Iterator[Site]:
    """Yield a project in rounds on a real queue, with a Label Studio that is an object; its pool has several chunks."""
    monkeypatch.setattr(release_chunks, "CHUNK", 50)
    with looped(monkeypatch, tmp_path, clean_redis_url) as made:
        yield made


@pytest.fixture
def beside(here: Site) -> Iterator[FlaskClient]:
    """Yield a client of the service beside that project."""
    with served_beside(here) as client:
        yield client
