"""Services may start in any order: each waits for Redis and the ledger's database by itself."""

import time
from collections.abc import Callable

import structlog
from redis.exceptions import AuthenticationError, RedisError

from labelloop.errors import NeighbourError, UserError
from labelloop.settings import Settings
from labelloop.stores.ledger import open_engine
from workers.jobs.open_stores import open_bell

PATIENCE_S = 300.0
PAUSE_S = 2.0

log = structlog.get_logger()


def wait_for_neighbours(
    settings: Settings, *, patience_s: float = PATIENCE_S, sleep: Callable[[float], object] = time.sleep
) -> None:
    """Return when Redis and the ledger answer; raises NeighbourError after `patience_s` seconds, UserError at once."""
    deadline = time.monotonic() + patience_s
    while missing := _missing(settings):
        if time.monotonic() > deadline:
            raise NeighbourError(missing)
        log.warning("waiting_for_neighbour", reason=missing, at_most_s=round(deadline - time.monotonic()))
        sleep(PAUSE_S)


def _missing(settings: Settings) -> str:
    return _redis(settings) or _ledger(settings)


def _redis(settings: Settings) -> str:
    try:
        with open_bell(settings).redis as redis:
            redis.ping()
    except AuthenticationError as error:
        raise UserError(f"Redis refuses the log-in ({error}): check the password in LABELLOOP_REDIS_URL.") from error
    except RedisError as error:
        return f"Redis does not answer ({error}): is it running, and is LABELLOOP_REDIS_URL right?"
    return ""


def _ledger(settings: Settings) -> str:
    try:
        open_engine(settings.ledger_url).dispose()
    except NeighbourError as error:
        return str(error)
    return ""
