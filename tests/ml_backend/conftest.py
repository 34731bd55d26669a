"""A project with a real ledger, real artifacts and fitted models, and the service in front of it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from labelloop.encoders.open_encoder import load_encoder
from labelloop.encoders.vectors import CachedEncoder
from labelloop.learners.base import ModelContext
from labelloop.settings import Settings
from labelloop.stores.book import Book
from labelloop.testing import BagOfWords
from ml_backend.app import EXTENSION, create_app
from ml_backend.serving import Serving
from tests.ml_backend.stage import PASSWORD, SECRET, Stage, credentials
from workers.jobs.app_context import open_serving_context
from workers.jobs.open_stores import open_book

KEPT = Path(__file__).parents[2] / ".cache" / "tests"
Start = Callable[..., FlaskClient]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with credentials, a ledger in the test's folder, and a Redis that is not there."""
    return Settings(
        _env_file=None,
        data_dir=tmp_path,
        redis_url="redis://127.0.0.1:1/0",
        backend_password=PASSWORD,
        webhook_secret=SECRET,
        refresh_s=0.05,
    )


@pytest.fixture(scope="session")
def encoder() -> Iterator[CachedEncoder]:
    """Yield the bundled encoder, exported once and kept for the next run."""
    encoder = load_encoder(Settings(_env_file=None, data_dir=KEPT))
    yield encoder
    encoder.close()


@pytest.fixture
def book(settings: Settings) -> Iterator[Book]:
    """Yield the ledger and the artifact store of the test."""
    opened = open_book(settings)
    yield opened
    opened.ledger.engine.dispose()


@pytest.fixture
def stage(book: Book) -> Stage:
    """Return project 12, connected, with tasks 1 to 4 for training and task 5 for monitoring."""
    stage = Stage(book, 12)
    stage.connect()
    stage.draw(train=range(1, 5), monitor=[5])
    return stage


@pytest.fixture
def start(settings: Settings, book: Book) -> Iterator[Start]:
    """Yield a way to start the service, with other settings if wanted; it sends the right credentials by itself."""
    running: list[Serving] = []

    def start_it(**changed: object) -> FlaskClient:
        context = replace(
            open_serving_context(settings.model_copy(update=changed)), models=lambda _: ModelContext(BagOfWords())
        )
        app = create_app(context)
        running.append(app.extensions[EXTENSION])
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = credentials()
        return client

    yield start_it
    for serving in running:
        serving.close()
