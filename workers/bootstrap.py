"""The composition root: the one place where settings become the things that jobs, commands and the backend use."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from redis import Redis

from labelloop.encoders.load import load_encoder
from labelloop.errors import UserError
from labelloop.learners.base import Encode
from labelloop.settings import Settings
from labelloop.stores.artifacts import Artifacts
from labelloop.stores.book import Book
from labelloop.stores.ledger import Ledger, open_engine
from sync.client import LabelStudio
from workers.queue import Bell


def open_book(settings: Settings) -> Book:
    """Open the ledger (its tables brought up to date) and the artifact store."""
    return Book(Ledger(open_engine(settings.ledger_url)), Artifacts(settings.artifact_root))


def open_bell(settings: Settings) -> Bell:
    """Return the job queue; nothing is sent before its first use. Raises UserError if its URL is none."""
    try:
        redis = Redis.from_url(settings.redis_url)
    except ValueError as error:
        raise UserError(f"LABELLOOP_REDIS_URL is not understood: {error}.") from error
    return Bell(redis, job_timeout_s=settings.job_timeout_s)


def open_label_studio(settings: Settings) -> LabelStudio:
    """Return a client of Label Studio; nothing is sent before its first use."""
    return LabelStudio(
        settings.label_studio_url,
        settings.label_studio_token.get_secret_value(),
        timeout_s=settings.label_studio_timeout_s,
    )


@dataclass
class Tools:
    """What a job or a command works with."""

    settings: Settings
    book: Book
    bell: Bell
    label_studio: LabelStudio

    @cached_property
    def encode(self) -> Encode:
        """Return the encoder, prepared on first use."""
        return load_encoder(self.settings)


@contextmanager
def open_tools(settings: Settings | None = None) -> Iterator[Tools]:
    """Open everything for one job or command, and close it after."""
    settings = settings or Settings()
    book, bell = open_book(settings), open_bell(settings)
    with open_label_studio(settings) as label_studio:
        try:
            yield Tools(settings, book, bell, label_studio)
        finally:
            bell.redis.close()
            book.ledger.engine.dispose()
