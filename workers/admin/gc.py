"""Delete what nobody will ever ask for again: artifacts that lost their place, unfinished writes, old failures."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rq.serializers import JSONSerializer

from labelloop.domain.records import ClosedRound, Connection, Decision, Record
from labelloop.errors import LabelLoopError
from labelloop.steps.workspace import leftovers
from labelloop.stores.artifacts import Artifacts
from labelloop.stores.book import Book
from labelloop.stores.ledger import Ledger
from labelloop.stores.rebuild import has_place, record_of, unrecorded
from workers.jobs.job_queue import Bell
from workers.jobs.job_status import failed_jobs, project_of, round_of
from workers.jobs.loop_job import LoopJob

OLD = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Garbage:
    """What may go (`bytes` of files), and the artifacts without a row that must stay: the ledger may be the older.

    `fits` are folders of this machine in which fits of older rounds were cut off.
    """

    artifacts: tuple[str, ...]
    unfinished: tuple[str, ...]
    jobs: tuple[str, ...]
    bytes: int
    kept: tuple[str, ...]
    fits: tuple[str, ...] = ()


def find_garbage(book: Book, bell: Bell, *, work: Path | None = None, now: datetime | None = None) -> Garbage:
    """Return what `collect_garbage` would delete; nothing younger than an hour. `work` is where fits are cut off."""
    before = (now or datetime.now(UTC)) - OLD
    orphans = [name for name in unrecorded(book.artifacts, book.ledger) if _at(book.artifacts, name) < before]
    gone = tuple(name for name in orphans if _is_replaced(book, name))
    unfinished = tuple(path for path in book.artifacts.unfinished() if _touched(book.artifacts, path) < before)
    paths = [*map(book.artifacts.path, gone), *unfinished]
    fits = tuple(_ended_fits(book.ledger, work)) if work else ()
    return Garbage(
        artifacts=gone,
        unfinished=unfinished,
        jobs=tuple(_settled_jobs(book.ledger, bell)),
        bytes=sum(book.artifacts.fs.du(path) for path in paths) + sum(map(_size, fits)),
        kept=tuple(name for name in orphans if name not in gone),
        fits=tuple(map(str, fits)),
    )


def collect_garbage(book: Book, bell: Bell, garbage: Garbage) -> None:
    """Delete it."""
    for name in garbage.artifacts:
        book.artifacts.delete(name)
    for path in garbage.unfinished:
        book.artifacts.fs.rm(path, recursive=True)
    for folder in garbage.fits:
        shutil.rmtree(folder, ignore_errors=True)
    for job in LoopJob.fetch_many(garbage.jobs, connection=bell.redis, serializer=JSONSerializer):
        if job is not None:
            job.delete()


def _record(artifacts: Artifacts, name: str) -> Record | None:
    try:
        return record_of(artifacts.manifest(name), name)
    except (LabelLoopError, ValueError):
        return None


def _at(artifacts: Artifacts, name: str) -> datetime:
    record = _record(artifacts, name)
    return record.created_at if record else datetime.min.replace(tzinfo=UTC)


def _is_replaced(book: Book, name: str) -> bool:
    # What has no other row in its place may be a fact that this ledger lost: `ledger rebuild` would take it up.
    record = _record(book.artifacts, name)
    return record is not None and has_place(book.ledger, record)


def _touched(artifacts: Artifacts, path: str) -> datetime:
    newest: datetime = max(artifacts.fs.modified(file) for file in artifacts.fs.find(path) or [path])
    return newest


def _ended_fits(ledger: Ledger, work: Path) -> Iterator[Path]:
    for project, number, folder in leftovers(work, older_than_s=OLD.total_seconds()):
        connection, last = ledger.newest(Connection, project), ledger.newest(ClosedRound, project)
        if connection is None or not connection.active or last is None or number < last.number:
            yield folder


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _settled_jobs(ledger: Ledger, bell: Bell) -> Iterator[str]:
    for failed in failed_jobs(bell):
        project, number = project_of(failed.job), round_of(failed.job)
        if project is not None and _is_settled(ledger, project, number):
            yield failed.job


def _is_settled(ledger: Ledger, project: int, number: int | None) -> bool:
    connection = ledger.newest(Connection, project)
    if connection is None or not connection.active:
        return True
    last = ledger.newest(ClosedRound, project)
    if number is None or last is None:
        return False
    return number < last.number or ledger.newest(Decision, project, round_number=number) is not None
