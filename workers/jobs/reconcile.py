"""Ring for every project, so that what a webhook, a queue or a worker lost is found again."""

import time

import structlog
from redis.exceptions import RedisError

from labelloop.domain.records import Connection
from labelloop.errors import NeighbourError
from labelloop.settings import Settings
from workers.jobs.kept_reports import keep_reports
from workers.jobs.open_stores import open_bell, open_book
from workers.jobs.signs_of_life import reconciled
from workers.jobs.work_beside import repeated_beside
from workers.notify.tell import Teller, tell_once

log = structlog.get_logger()


def active_projects(settings: Settings) -> list[int]:
    """Return the ids of the projects that are connected now."""
    ledger = open_book(settings).ledger
    try:
        newest = [ledger.newest(Connection, project_id) for project_id in ledger.projects()]
    finally:
        ledger.engine.dispose()
    return [connection.project_id for connection in newest if connection and connection.active]


def reconcile(settings: Settings, every_s: float | None = None) -> list[int]:
    """Ring for every connected project, and leave a sign of life; return those whose bell was not waiting already."""
    bell = open_bell(settings)
    try:
        projects = active_projects(settings)
        rung = [project_id for project_id in projects if bell.ring(project_id)]
        reconciled(bell.redis, every_s)
    finally:
        bell.redis.close()
    log.info("reconciled", projects=len(projects), rung=len(rung))
    return rung


def reconcile_forever(settings: Settings, every_s: float) -> None:
    """Reconcile every `every_s` seconds; a neighbour that does not answer is tried again the next time.

    Addresses are told what has happened, and reports are kept, beside it: whoever does not answer there must not keep
    a bell from ringing.
    """
    teller = Teller(settings)

    def beside() -> None:
        tell_once(teller)
        keep_reports(settings)

    with repeated_beside(beside, every_s):
        while True:
            try:
                reconcile(settings, every_s)
            except (NeighbourError, OSError, RedisError) as error:
                log.warning("reconcile_failed", reason=str(error))
            time.sleep(every_s)
