"""Settings become the records and the bell: all that a command needs which asks neither Label Studio nor a model."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from labelloop.errors import UserError
from labelloop.settings import Settings
from labelloop.stores.artifacts import Artifacts
from labelloop.stores.book import Book
from labelloop.stores.ledger import Ledger, open_engine
from workers.jobs.job_queue import Bell

HURRY_S = 0.5


def open_book(settings: Settings) -> Book:
    """Open the ledger (its tables brought up to date) and the artifact store."""
    return Book(Ledger(open_engine(settings.ledger_url)), Artifacts(settings.artifact_root), settings.encoders)


def open_bell(settings: Settings, *, patient: bool = True) -> Bell:
    """Return the job queue; nothing is sent before its first use. Raises UserError if its URL is none.

    A bell that is not `patient` tries once and waits half a second at most: an annotator's save hangs on it.
    """
    hurry = {"socket_timeout": HURRY_S, "socket_connect_timeout": HURRY_S, "retry": Retry(NoBackoff(), 0)}
    try:
        redis = Redis.from_url(settings.redis_url, **({} if patient else hurry))
    except ValueError as error:
        raise UserError(f"LABELLOOP_REDIS_URL is not understood: {error}.") from error
    return Bell(redis, job_timeout_s=settings.job_timeout_s, retry_s=settings.retry_s)
