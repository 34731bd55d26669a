"""What the tests of the workers share: a real queue, emptied, and a project on a Label Studio that is an object."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from labelloop.domain.records import Connection
from labelloop.domain.tasks import Role
from labelloop.rules import Rules
from labelloop.settings import Settings
from labelloop.stores.book import Book
from labelloop.testing import BagOfWords
from tests.core.made_up import RULES as MADE_UP_RULES
from tests.core.made_up import MadeUp
from tests.core.opened_project import OpenedProject
from tests.workers.fake_label_studio import FakeLabelStudio
from tests.workers.receiver import Receiver
from workers.jobs.job_queue import QUEUE, Bell
from workers.jobs.loop_job import LoopJob
from workers.jobs.open_stores import open_book

PROJECT = 7
# `logistic` learns these texts in two rounds; `linear` knows them after one, so that v1 would stay.
RULES = Rules(round_size=10, monitor_size=20, queue_rounds=2, learners=("logistic",))


@pytest.fixture
def redis(clean_redis_url: str) -> Iterator[Redis]:
    """A client of the real queue server."""
    with Redis.from_url(clean_redis_url) as client:
        yield client


@pytest.fixture
def bell(redis: Redis) -> Bell:
    """The bell on the real queue server."""
    return Bell(redis)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody outside who can be told."""
    with Receiver() as server:
        yield server
        server.goes_on.set()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MadeUp]:
    """A made-up project of 59 tasks."""
    made = MadeUp(tmp_path, MADE_UP_RULES)
    made.add(range(1, 60))
    yield made
    made.book.ledger.engine.dispose()


@pytest.fixture
def settings(world: MadeUp, tmp_path: Path, clean_redis_url: str) -> Settings:
    """Return settings that name its folder, and allow receivers on this machine."""
    return Settings(
        data_dir=tmp_path, redis_url=clean_redis_url, notify_private=True, pages_url="https://pages.example.com/"
    )


class Site:
    """Everything around one connected project, and a worker that runs jobs in this process."""

    def __init__(self, settings: Settings, bell: Bell, label_studio: FakeLabelStudio, book: Book) -> None:
        self.settings, self.bell, self.label_studio, self.book = settings, bell, label_studio, book
        self.view = OpenedProject(book, PROJECT)
        self.connect(RULES)

    def connect(self, rules: Rules, active: bool = True) -> None:
        """Connect or disconnect the project."""
        number = len(self.view.ledger.all(Connection, PROJECT)) + 1
        record = Connection(PROJECT, "made up", rules.model_dump_json(), active, created_at=datetime.now(UTC))
        self.book.record(record, f"connection-{number}")

    def work(self, most: int | None = None) -> None:
        """Run jobs until the queue is empty, or this many."""
        worker = SimpleWorker([QUEUE], connection=self.bell.redis, serializer=JSONSerializer, job_class=LoopJob)
        worker.work(burst=True, max_jobs=most, logging_level="WARNING")

    def ring(self) -> None:
        """Ring the project's bell, and do all that follows."""
        self.bell.ring(PROJECT)
        self.work()

    def of(self, role: Role) -> list[int]:
        """Return the tasks of a role."""
        return sorted(task for task, drawn in self.view.ledger.roles(PROJECT).items() if drawn is role)

    def queued(self) -> list[str]:
        """Return the names of the waiting jobs."""
        return list(self.bell.queue.job_ids)


@contextmanager
def site(monkeypatch: pytest.MonkeyPatch, folder: Path, url: str, label_studio: FakeLabelStudio) -> Iterator[Site]:
    """Set the environment that jobs read, and stand-ins for Label Studio and the encoder."""
    monkeypatch.setenv("LABELLOOP_DATA_DIR", str(folder))
    monkeypatch.setenv("LABELLOOP_REDIS_URL", url)
    monkeypatch.setattr("workers.jobs.app_context.open_label_studio", lambda _: label_studio)
    monkeypatch.setattr("workers.jobs.models_of_settings.load_encoder", lambda _, **__: BagOfWords())
    settings = Settings()
    book = open_book(settings)
    with Redis.from_url(url) as client:
        yield Site(settings, Bell(client), label_studio, book)
    book.ledger.engine.dispose()
