"""`ledger rebuild`, `ledger check` and `gc` on a project that has been through rounds."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import select

from labelloop.domain.records import ClosedRound, Connection, Deployment, Fit
from labelloop.domain.tasks import Role
from labelloop.errors import UserError
from labelloop.settings import Settings
from labelloop.steps.deployments import deploy
from labelloop.stores.book import Book
from labelloop.stores.ledger import Ledger
from labelloop.stores.ledger_tables import FACTS, metadata
from labelloop.stores.rebuild import check, rebuild
from tests.cli.conftest import Run
from tests.cli.loop import played
from workers.admin.gc import collect_garbage, find_garbage
from workers.jobs.loop_job import LoopJob
from workers.jobs.open_stores import open_bell, open_book


def tables(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table of facts."""
    with ledger.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(table.c.id))]
            for table in FACTS.values()
        }


@pytest.fixture
def elsewhere(tmp_path: Path, book: Book) -> Book:
    """Return an empty ledger beside the same artifacts."""
    empty = open_book(Settings(data_dir=tmp_path / "elsewhere"))
    return Book(empty.ledger, book.artifacts)


def test_a_lost_ledger_is_rebuilt_row_by_row(run: Run, book: Book, data_dir: Path) -> None:
    """Every table of facts comes back as it was, with its order, and the roles of all judged tasks."""
    view = played(book)
    deploy(*view.now(), "v1", reason="a person wished it")
    before, roles = tables(book.ledger), book.ledger.roles(7)
    judged = {annotation.task_id for annotation in view.mirror.annotations()}
    book.ledger.engine.dispose()
    for file in data_dir.glob("ledger.sqlite*"):
        file.unlink()

    done = run("ledger", "rebuild", "--json")
    assert (done.status, done.err) == (0, "")
    again = open_book(Settings())
    assert tables(again.ledger) == before
    assert again.ledger.roles(7) == {task: roles[task] for task in judged}
    assert sum(role is Role.MONITOR for role in again.ledger.roles(7).values()) == 10
    assert json.loads(done.out)["added"] == sum(map(len, before.values()))

    assert json.loads(run("ledger", "rebuild", "--json").out)["added"] == 0
    assert tables(again.ledger) == before
    again.ledger.engine.dispose()


def test_of_two_manifests_for_one_key_the_parent_wins_else_the_earlier(book: Book, elsewhere: Book) -> None:
    """The artifact of a worker that came second has no row; it must not come back as a fact."""
    played(book)
    first, second = book.ledger.all(ClosedRound, 7)
    earlier = _copy(book, first, first.created_at - timedelta(minutes=1), "round-1")
    later = _copy(book, second, second.created_at + timedelta(minutes=1), "round-2")
    done = rebuild(book.artifacts, elsewhere.ledger)
    assert set(done.rejected) == {earlier, later}
    assert tables(elsewhere.ledger) == tables(book.ledger)


def test_a_fact_is_not_put_behind_newer_ones(book: Book) -> None:
    """The newest row is what holds now, so an old deployment must not be added as the newest."""
    view = played(book)
    deployed = view.state.deployed
    assert deployed is not None
    old = Deployment(7, "v1", "long ago", created_at=datetime(2020, 1, 1, tzinfo=UTC))
    book.artifacts.write(old, "deployment-0-v1", {})
    with pytest.raises(UserError, match="newer facts"):
        rebuild(book.artifacts, book.ledger)
    assert view.state.deployed == deployed


def test_check_finds_damaged_and_missing_files_and_orphans(run: Run, book: Book) -> None:
    """Every row's files are there and whole, or the command says which are not and fails."""
    view = played(book)
    assert run("ledger", "check").status == 0
    orphan = _copy(book, view.ledger.all(ClosedRound, 7)[0], datetime.now(UTC), "round-1")
    model = Path(book.artifacts.path(book.ledger.version(7, "v1").artifact))
    next(file for file in model.rglob("*.safetensors")).write_bytes(b"damaged")
    shutil.rmtree(book.artifacts.path(view.ledger.all(Connection, 7)[0].artifact))
    found = check(book.artifacts, book.ledger)
    assert len(found.broken) == 2
    assert found.unrecorded == (orphan,)
    told = run("ledger", "check")
    assert told.status == 1
    assert "damaged" in told.err
    assert "missing" in told.err


@pytest.mark.parametrize(
    ("table", "column", "value", "said"),
    [
        ("evaluations", "agreement", 0.99, "agreement is 0.99"),
        ("decisions", "winner", "v9", "winner is 'v9'"),
        ("connections", "rules", "{}", "rules is '{}'"),
        ("roles", "role", "monitor", "have another role than in round 2"),
    ],
)
def test_check_finds_what_somebody_changed_in_the_database(
    run: Run, book: Book, table: str, column: str, value: object, said: str
) -> None:
    """Each row is compared with the fact that its artifact holds, and roles with those of the newest round."""
    played(book)
    with book.ledger.engine.begin() as connection:
        connection.execute(metadata.tables[table].update().values({column: value}))

    told = run("ledger", "check")

    assert told.status == 1
    assert said in told.err
    assert "restore the ledger, or rebuild it anew" in told.err


def test_gc_deletes_what_was_replaced_and_nothing_else(run: Run, book: Book) -> None:
    """Orphans go when another row has their place; a fact the ledger lost, and anything young, stays."""
    view = played(book)
    fit = view.ledger.all(Fit, 7)[0]
    replaced = _copy(book, fit, datetime.now(UTC) - timedelta(hours=2), "model-v1-linear")
    young = _copy(book, fit, datetime.now(UTC), "model-v1-linear")
    lost = _copy(
        book,
        Fit(7, 99, "linear", "v99", "", 1, 1.0, created_at=datetime.now(UTC)),
        fit.created_at - timedelta(days=1),
        "model",
    )
    facts = check(book.artifacts, book.ledger).rows

    assert "Would delete 1 artifacts" in run("gc", "--dry-run").out
    assert replaced in book.artifacts.names()
    told = run("gc")
    assert (told.status, told.err) == (0, "")
    assert replaced not in book.artifacts.names()
    assert {young, lost} <= set(book.artifacts.names())
    assert lost in told.out
    assert check(book.artifacts, book.ledger).rows == facts
    assert check(book.artifacts, book.ledger).broken == ()


def test_gc_deletes_unfinished_writes_after_an_hour(book: Book, redis_url: str, data_dir: Path) -> None:
    """What a killed writer left is garbage, but a writer that is at work now is not disturbed."""
    waiting = data_dir / "artifacts" / ".waiting" / "abc"
    waiting.mkdir(parents=True)
    (waiting / "half").write_bytes(b"x" * 100)
    bell = open_bell(Settings())
    assert find_garbage(book, bell).unfinished == ()
    garbage = find_garbage(book, bell, now=datetime.now(UTC) + timedelta(hours=2))
    assert (len(garbage.unfinished), garbage.bytes) == (1, 100)
    collect_garbage(book, bell, garbage)
    assert not waiting.exists()


def test_an_empty_ledger_beside_artifacts_costs_none_of_them(book: Book, elsewhere: Book, redis_url: str) -> None:
    """Somebody who runs gc before `ledger rebuild` loses nothing."""
    played(book, rounds=1)
    garbage = find_garbage(elsewhere, open_bell(Settings()), now=datetime.now(UTC) + timedelta(days=1))
    assert garbage.artifacts == ()
    assert set(garbage.kept) == set(book.artifacts.names())


def _copy(book: Book, record: ClosedRound | Fit, at: datetime, name: str) -> str:
    """Store an artifact of the same key made at another moment, as a second worker would, without a row."""
    return book.artifacts.write(replace(record, created_at=at), name, {"file": b"x"})


def test_gc_forgets_failures_of_rounds_that_are_done(run: Run, book: Book) -> None:
    """A failed fit is worth seeing until its round was decided without it."""
    played(book, rounds=1)
    bell = open_bell(Settings())
    for name in ("fit-7-1", "fit-7-2", "collect-7"):
        bell.queue.enqueue("workers.jobs.loop.nothing_of_this_name", job_id=name)
    SimpleWorker([bell.queue], connection=bell.redis, serializer=JSONSerializer, job_class=LoopJob).work(burst=True)
    assert "1 failed jobs" in run("gc").out
    assert sorted(bell.queue.failed_job_registry.get_job_ids()) == ["collect-7", "fit-7-2"]
