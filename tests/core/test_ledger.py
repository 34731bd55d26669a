"""The ledger on SQLite and on PostgreSQL: facts are added once, races have one winner, times are UTC."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect
from sqlalchemy.engine.interfaces import ReflectedIndex

from labelloop.domain import (
    action_record,
    adjudication_record,
    delivery_record,
    gold_record,
    guideline_records,
    records,
    report_record,
)
from labelloop.domain.action_record import Action
from labelloop.domain.adjudication_record import Adjudication
from labelloop.domain.delivery_record import Delivery
from labelloop.domain.field_state import FieldState
from labelloop.domain.gold_record import GoldTask
from labelloop.domain.guideline_records import Guideline, GuidelineRuling
from labelloop.domain.published_queue import published_name
from labelloop.domain.records import (
    ClosedRound,
    Connection,
    Decision,
    Deployment,
    Evaluation,
    Fit,
    Publication,
    Record,
    SchemaVersion,
    TaskRole,
)
from labelloop.domain.report_record import RoundReport
from labelloop.domain.tasks import Role
from labelloop.errors import BrokenPromise, NeighbourError, NotFound, UserError
from labelloop.stores import ledger as ledger_module
from labelloop.stores.ledger import Ledger, newest_revision, open_engine
from labelloop.stores.ledger_tables import FACTS, metadata
from tests.core.made_up import FIELD

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
ROUND = ClosedRound(
    7, 1, 1, "25 new labels, 25 needed", 25, 25, 4, 33, created_at=NOON, artifact="project-7/round-1-abc"
)
FIT = Fit(7, 1, "linear", "v1", "", 25, 0.5, created_at=NOON, artifact="a")
ONE_OF_EACH: list[Record] = [
    Connection(7, "情绪 🎉", '{"round_size": 25}', True, created_at=NOON, artifact="a"),
    SchemaVersion(7, 1, "<View/>" * 2000, "{}", "d" * 64, created_at=NOON, artifact="a"),
    ROUND,
    FIT,
    Evaluation(7, 1, "v1", 4, 0.5, 0.1, 0.9, None, None, None, 0.25, 1 / 3, 0.7, created_at=NOON, artifact="a"),
    Decision(7, 1, "v1", "", "v1", "the first model", created_at=NOON, artifact="a"),
    Deployment(7, "v1", "the first model", created_at=NOON, artifact="a"),
    Publication(7, "v1", "v1", 1, 125, 25, created_at=NOON, artifact="a"),
    Guideline(
        7,
        2,
        1,
        "prompt",
        "llm",
        "accepted",
        "9 better, 1 worse",
        1,
        50,
        0.5,
        0.7,
        0.01,
        0.002,
        created_at=NOON,
        artifact="a",
    ),
    GuidelineRuling(7, 2, False, 2, created_at=NOON, artifact="a"),
    Action(7, "rename", "安 🎉", "page", "::1", "o=n" * 300, created_at=NOON, artifact="a"),
    GoldTask(7, 1, 3, 2, 1_000_000, created_at=NOON, artifact="a"),
    Adjudication(7, 1, "情绪", "x" * 3000, "slip", "安 🎉" * 500, "ann", created_at=NOON, artifact="a"),
    Delivery(7, "round.closed", "1", "a1b2c3", 1, False, False, "HTTP 500 " * 90, created_at=NOON, artifact="a"),
    RoundReport(7, 1, created_at=NOON, artifact="a"),
]


@pytest.fixture
def ledger(engine: Engine) -> Ledger:
    """An empty ledger on each database."""
    return Ledger(engine)


@pytest.fixture
def two_engines(database_url: str) -> Iterator[list[Engine]]:
    """Two workers' engines on one ledger."""
    engines = [open_engine(database_url) for _ in range(2)]
    yield engines
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize("record", ONE_OF_EACH, ids=lambda record: type(record).__name__)
def test_every_kind_of_fact_comes_back_as_it_was_added(ledger: Ledger, record: Record) -> None:
    """All columns survive; another project does not see it."""
    assert ledger.add(record)
    assert ledger.newest(type(record), 7) == record
    assert ledger.all(type(record), 7) == [record]
    assert ledger.newest(type(record), 8) is None


def test_every_record_has_its_table() -> None:
    """A new kind of fact cannot be forgotten."""
    kinds = {
        cls
        for module in (
            records,
            guideline_records,
            action_record,
            adjudication_record,
            delivery_record,
            gold_record,
            report_record,
        )
        for cls in vars(module).values()
        if isinstance(cls, type) and cls.__module__ == module.__name__
    }
    assert set(FACTS) == kinds - {TaskRole, Record}
    assert all(issubclass(kind, Record) for kind in FACTS)


@pytest.mark.parametrize(
    "same",
    [
        ROUND,
        FIT,
        replace(FIT, round_number=2, learner="other"),  # the same version's name
        *(
            r
            for r in ONE_OF_EACH
            if isinstance(r, SchemaVersion | Evaluation | Decision | Publication | Guideline | Delivery | RoundReport)
        ),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_fact_is_added_once(ledger: Ledger, same: Record) -> None:
    """The second is refused and changes nothing; another project may have the like."""
    first = next(r for r in ONE_OF_EACH if type(r) is type(same))
    assert ledger.add(first)
    assert not ledger.add(replace(same, created_at=NOON + timedelta(hours=1)))
    assert ledger.all(type(same), 7) == [first]
    assert ledger.add(replace(same, project_id=8))


def test_fits_that_failed_need_no_name(ledger: Ledger) -> None:
    """Any number of fits may have no version; none of them counts as one."""
    for number in (1, 2):
        assert ledger.add(replace(FIT, round_number=number, version="", failure="one label only"))
    assert ledger.versions(7) == []


@pytest.mark.parametrize("_", range(5))
def test_two_workers_race_for_a_round_and_one_wins(two_engines: list[Engine], _: int) -> None:
    """Exactly one row is added, and both then see the same one."""
    start = Barrier(2)

    def close(engine: Engine) -> bool:
        start.wait()
        return Ledger(engine).add(replace(ROUND, reason=str(id(engine))))

    with ThreadPoolExecutor(2) as workers:
        assert sorted(workers.map(close, two_engines)) == [False, True]
    one, other = (Ledger(engine).all(ClosedRound, 7) for engine in two_engines)
    assert one == other
    assert len(one) == 1


def looped(ledger: Ledger) -> FieldState:
    return FieldState(FIELD, fits=tuple(ledger.all(Fit, 7)), deployments=tuple(ledger.all(Deployment, 7)))


def name_of(ledger: Ledger) -> str | None:
    return published_name(looped(ledger).deployed_version, ledger.all(Publication, 7))


def test_deployed_is_what_was_deployed_last(ledger: Ledger) -> None:
    """Rolling back is a deployment like any other; before the first there is none."""
    assert looped(ledger).deployed is None
    for number in (1, 2):
        ledger.add(replace(FIT, round_number=number, version=f"v{number}"))
    for version in ("v1", "v2", "v1"):
        ledger.add(Deployment(7, version, "", created_at=NOON, artifact=""))
    deployed = looped(ledger).deployed
    assert deployed is not None
    assert deployed.version == "v1"


def test_an_unknown_version_is_answered_with_the_known_ones(ledger: Ledger) -> None:
    """The message helps; the empty name of a failed fit is no version."""
    ledger.add(replace(FIT, version="", learner="broken", failure="why"))
    with pytest.raises(NotFound, match="none yet"):
        ledger.version(7, "")
    ledger.add(FIT)
    assert ledger.version(7, "v1") == FIT
    with pytest.raises(NotFound, match="v1"):
        ledger.version(7, "v9")


def test_the_published_name_follows_the_deployed_version(ledger: Ledger) -> None:
    """Nothing, then what only orders the queue, then the version, its re-orderings, and back after a rollback."""
    names = [name_of(ledger)]
    steps: list[Record] = [
        Publication(7, "v0", "", 0, 1, 1, created_at=NOON, artifact=""),
        Deployment(7, "v1", "", created_at=NOON, artifact=""),
        Publication(7, "v1", "v1", 1, 1, 1, created_at=NOON, artifact=""),
        Publication(7, "v1.2", "v1", 1, 1, 1, created_at=NOON, artifact=""),
        Deployment(7, "v2", "", created_at=NOON, artifact=""),
        Publication(7, "v2", "v2", 1, 1, 1, created_at=NOON, artifact=""),
        Deployment(7, "v1", "", created_at=NOON, artifact=""),
    ]
    for step in steps:
        ledger.add(step)
        names.append(name_of(ledger))
    assert names == [None, "v0", "v1", "v1", "v1.2", "v2", "v2", "v1.2"]


def test_roles_are_added_all_or_none(ledger: Ledger) -> None:
    """Two workers cannot draw one task differently."""
    assert ledger.add_roles([TaskRole(7, 1, Role.TRAIN), TaskRole(7, 2, Role.MONITOR)])
    assert not ledger.add_roles([TaskRole(7, 3, Role.TRAIN), TaskRole(7, 2, Role.TRAIN)])
    assert ledger.add_roles([])
    assert ledger.add_roles([TaskRole(8, 2, Role.TRAIN)])
    assert ledger.roles(7) == {1: Role.TRAIN, 2: Role.MONITOR}
    assert (ledger.role_count(7), ledger.role_count(9)) == (2, 0)


def test_projects_are_listed_once_even_when_disconnected(ledger: Ledger) -> None:
    """Every project that was ever connected, by id."""
    for project, active in ((9, True), (7, True), (9, False)):
        ledger.add(Connection(project, "", "{}", active, created_at=NOON, artifact=""))
    assert ledger.projects() == [7, 9]


@pytest.mark.parametrize("hours", [-11, 0, 8])
def test_times_survive_as_utc(ledger: Ledger, hours: int) -> None:
    """A moment of any zone comes back as the same moment in UTC, to the microsecond."""
    ledger.add(Deployment(7, "v1", "", created_at=NOON.astimezone(timezone(timedelta(hours=hours))), artifact=""))
    found = ledger.newest(Deployment, 7)
    assert found is not None
    assert found.created_at == NOON
    assert found.created_at.utcoffset() == timedelta(0)
    assert found.created_at.isoformat() == NOON.isoformat()


def test_migrations_lead_from_nothing_to_the_tables_of_this_version(database_url: str) -> None:
    """What alembic builds is what the code expects; opening again keeps what is there."""
    made = open_engine(database_url)
    empty(made)
    for _ in range(2):
        engine = open_engine(database_url)
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert "one_version" in {index["name"] for index in inspect(engine).get_indexes("fits")}
        Ledger(engine).add(ROUND)
        assert Ledger(engine).all(ClosedRound, 7) == [ROUND]
        engine.dispose()


def test_a_new_file_has_the_tables_that_migrations_lead_to(tmp_path: Path) -> None:
    """It is made at once, in today's shape: columns, types, keys, indexes, and the revision."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    made = open_engine(url)
    shape, revision = shape_of(made), revision_of(made)
    empty(made)

    migrated = open_engine(url)

    assert shape_of(migrated) == shape
    assert revision_of(migrated) == revision
    migrated.dispose()


def empty(engine: Engine) -> None:
    """Leave nothing but the note that no migration has been done yet, so that all of them will be."""
    metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    engine.dispose()


def shape_of(engine: Engine) -> dict[str, object]:
    """Return each table's columns, keys and indexes; the order of columns says nothing, they are named."""
    found = inspect(engine)
    return {
        table: (
            {column["name"]: (str(column["type"]), column["nullable"]) for column in found.get_columns(table)},
            found.get_pk_constraint(table)["constrained_columns"],
            sorted(
                (every["name"] or "", tuple(every["column_names"])) for every in found.get_unique_constraints(table)
            ),
            {i["name"]: (i["column_names"], i["unique"], where(i)) for i in found.get_indexes(table)},
        )
        for table in metadata.tables
    }


def where(index: ReflectedIndex) -> str:
    """Return which rows a partial index is about."""
    return str(index.get("dialect_options", {}).get("sqlite_where", ""))


def revision_of(engine: Engine) -> str:
    """Return which migration the ledger is at."""
    with engine.connect() as connection:
        return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())


def test_the_revision_by_which_migrations_are_left_out_is_the_one_they_lead_to() -> None:
    """A ledger that is up to date is opened without alembic."""
    assert ScriptDirectory(str(Path(ledger_module.__file__).parent / "migrations")).get_heads() == [newest_revision()]


def test_a_ledger_of_a_newer_version_is_not_touched(database_url: str) -> None:
    """An older LabelLoop says so instead of writing into tables that it does not know."""
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(UserError, match="newer LabelLoop"):
        open_engine(database_url)


@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        ("postgresql+psycopg://me:secret@127.0.0.1:1/x", NeighbourError, "does not answer"),
        ("sqlite:////proc/nowhere/ledger.sqlite", NeighbourError, "does not answer"),
        ("not a url", UserError, "not understood"),
        ("nosuchbase://x", UserError, "not understood"),
    ],
)
def test_a_ledger_that_cannot_be_opened_is_explained(url: str, error: type[Exception], says: str) -> None:
    """The message says what to look at, and never the password."""
    with pytest.raises(error, match=says) as caught:
        open_engine(url)
    assert "secret" not in str(caught.value)


def test_a_damaged_sqlite_file_names_the_way_out(tmp_path: Path) -> None:
    """Whether it is no database at all, or its pages were overwritten; nobody tries again in vain."""
    path = tmp_path / "ledger.sqlite"
    url, way_out = (
        f"sqlite:///{path}",
        r"is damaged .*move the file away .*ledger\.sqlite\*\), run `labelloop ledger rebuild`",
    )
    engine = open_engine(url)
    engine.dispose()
    path.write_bytes(path.read_bytes()[:8192] + b"\xff" * (path.stat().st_size - 8192))
    with pytest.raises(BrokenPromise, match=way_out):
        Ledger(open_engine(url)).projects()
    path.write_bytes(b"x" * 5000)
    with pytest.raises(BrokenPromise, match=way_out):
        open_engine(url)


def test_a_database_that_goes_away_is_a_neighbour_that_failed(postgres_url: str) -> None:
    """Reading later is answered with the same error as opening, so that jobs are tried again."""
    engine = open_engine(postgres_url)
    engine.url = engine.url.set(password="secret")
    ledger = Ledger(engine)
    with engine.connect() as connection, pytest.raises(NeighbourError, match="does not answer") as caught:
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    assert "secret" not in str(caught.value)
    assert ledger.projects() == []
    engine.dispose()


def _write(url: str, worker: int, count: int) -> None:
    engine = open_engine(url)
    ledger = Ledger(engine)
    added = sum(ledger.add(replace(ROUND, number=number, reason=str(worker))) for number in range(count))
    for task in range(count):
        ledger.add_roles([TaskRole(7, worker * count + task, Role.TRAIN)])
    engine.dispose()
    os._exit(0 if added <= count else 1)


def test_several_processes_open_and_write_a_new_ledger_at_once(database_url: str) -> None:
    """They wait for each other; nobody is told that the database is locked, and nothing is lost or double."""
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_write, args=(database_url, worker, 15)) for worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(300)
    assert [worker.exitcode for worker in workers] == [0] * 4
    engine = open_engine(database_url)
    ledger = Ledger(engine)
    assert [r.number for r in sorted(ledger.all(ClosedRound, 7), key=lambda r: r.number)] == list(range(15))
    assert len(ledger.roles(7)) == 60
    engine.dispose()
