"""The ledger: which projects, rounds, versions, evaluations, decisions, deployments and publications exist."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    Engine,
    ExceptionContext,
    MetaData,
    Select,
    String,
    Table,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, OperationalError

from labelloop.domain.records import (
    Certificate,
    CertifyDraw,
    Connection,
    Fit,
    Record,
    TaskRole,
)
from labelloop.domain.tasks import Role
from labelloop.errors import BrokenPromise, LabelLoopError, NeighbourError, NotFound, UserError
from labelloop.extras import missing_extras_reported
from labelloop.sqlite_wal import use_write_ahead_log
from labelloop.stores.ledger_tables import CERTIFY_TASKS, FACTS, ROLES, metadata

T = TypeVar("T", bound=Record)

_MIGRATION = 727274
_MIGRATIONS = Path(__file__).parent / "migrations"
_REVISION = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Alembic's own table."""


def open_engine(url: str) -> Engine:
    """Connect to the ledger's database and bring its tables up to date.

    Raises NeighbourError if it does not answer (as every later use of the engine does), UserError if the URL is not
    understood or the ledger was written by a newer LabelLoop, BrokenPromise if an SQLite file is damaged.
    """
    try:
        with missing_extras_reported():
            engine = create_engine(url, pool_pre_ping=True)
    except (ArgumentError, ImportError) as error:
        raise UserError("The database URL is not understood: see docs/settings.md for examples.") from error
    event.listen(engine, "handle_error", _say_that_it_does_not_answer)
    try:
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
            if engine.url.database:
                Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        _migrate(engine)
    except (DatabaseError, OSError) as error:
        engine.dispose()
        raise _failure(engine, getattr(error, "orig", error)) from error
    except LabelLoopError:
        engine.dispose()
        raise
    return engine


def _say_that_it_does_not_answer(context: ExceptionContext) -> None:
    failed = isinstance(context.sqlalchemy_exception, OperationalError) or _is_damaged(context.original_exception)
    if failed and context.engine is not None and not context.is_pre_ping:
        raise _failure(context.engine, context.original_exception)


def _failure(engine: Engine, reason: object) -> LabelLoopError:
    if _is_damaged(reason):
        return BrokenPromise(
            f"{_shown(engine)} is damaged ({reason}). The artifacts hold every fact, too: stop the services, move "
            f"the file away with those beside it ({engine.url.database}*), run `labelloop ledger rebuild`, and start "
            "the services again. Annotations are then read anew; only what LLMs have cost so far is lost."
        )
    return NeighbourError(f"{_shown(engine)} does not answer: {reason}. Check the database and its URL.")


def _is_damaged(reason: object) -> bool:
    return getattr(reason, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _shown(engine: Engine) -> str:
    return f"The ledger at {engine.url.render_as_string(hide_password=True)}"


def _prepare_sqlite(connection: Any, _: object) -> None:
    # Several processes write: wait for each other instead of failing, and let readers read meanwhile.
    connection.execute("PRAGMA busy_timeout = 60000")
    use_write_ahead_log(connection)
    connection.execute("PRAGMA synchronous = FULL")


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection:
        if _is_up_to_date(connection):
            return
    if engine.dialect.name == "sqlite" and _made_new(engine):
        return
    from alembic import command  # takes half a second, which a ledger that is up to date need not
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        take_lock(connection, _MIGRATION)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            message = f"{_shown(engine)} was written by a newer LabelLoop ({error}): upgrade this one."
            raise UserError(message) from error


def _made_new(engine: Engine) -> bool:
    # A new file gets today's tables at once: all migrations take ten times as long. Only they know what an index of
    # another database leaves out (see ledger_tables).
    with engine.begin() as connection:
        take_lock(connection, _MIGRATION)
        if inspect(connection).has_table(_REVISION.name):
            return False
        metadata.create_all(connection, checkfirst=False)
        _REVISION.create(connection)
        connection.execute(insert(_REVISION).values(version_num=newest_revision()))
    return True


def _is_up_to_date(connection: DatabaseConnection) -> bool:
    if not inspect(connection).has_table(_REVISION.name):
        return False
    found = connection.execute(select(_REVISION.c.version_num)).scalars().all()
    return list(found) == [newest_revision()]


def newest_revision() -> str:
    """Return the revision that the migrations lead to, from the names of their files."""
    return max(file.name for file in _MIGRATIONS.glob("versions/0*.py")).partition("_")[0]


def take_lock(connection: DatabaseConnection, number: int) -> None:
    """Let no other transaction that takes the same lock run beside this one, in whatever process or on whatever host.

    It is taken first in a transaction. With SQLite nobody else writes anything meanwhile.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({number})")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class Ledger:
    """Rows are added, not changed; each method answers from one short transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add(self, record: Record) -> bool:
        """Add a fact; return False, changing nothing, if another worker was first."""
        return self._insert(FACTS[type(record)], [asdict(record)])

    def add_together(self, records: Sequence[Record]) -> bool:
        """Add facts of one kind, all or, returning False, none of them if another worker was first."""
        return self._insert(FACTS[type(records[0])], [asdict(record) for record in records])

    def all(self, kind: type[T], project_id: int, **where: Any) -> list[T]:
        """Return the project's facts of a kind, oldest first, those whose columns equal `where`."""
        query = _rows_of(kind, project_id, where).order_by(FACTS[kind].c.id)
        with self.engine.connect() as connection:
            return [_record(kind, row) for row in connection.execute(query).mappings()]

    def facts(self, project_id: int) -> list[Record]:
        """Return all of the project's facts, kind by kind, each oldest first."""
        return [record for kind in FACTS for record in self.all(kind, project_id)]

    def newest(self, kind: type[T], project_id: int, **where: Any) -> T | None:
        """Return the project's newest fact of a kind, or None."""
        query = _rows_of(kind, project_id, where).order_by(FACTS[kind].c.id.desc()).limit(1)
        with self.engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return _record(kind, row) if row else None

    def latest(self, kind: type[T], project_id: int, limit: int, *, skip: int = 0) -> list[T]:
        """Return at most `limit` of the project's facts of a kind, newest first, after the `skip` newest."""
        query = _rows_of(kind, project_id, {}).order_by(FACTS[kind].c.id.desc()).limit(limit).offset(skip)
        with self.engine.connect() as connection:
            return [_record(kind, row) for row in connection.execute(query).mappings()]

    def version(self, project_id: int, name: str) -> Fit:
        """Return the fit a version came out of; raises NotFound naming the versions there are."""
        fit = self.newest(Fit, project_id, version=name) if name else None
        if fit is None:
            known = ", ".join(self.versions(project_id)) or "none yet"
            raise NotFound(f"Project {project_id} has no version {name!r}; there are: {known}.")
        return fit

    def versions(self, project_id: int) -> list[str]:
        """Return the names of the project's versions, oldest first."""
        return [fit.version for fit in self.all(Fit, project_id) if fit.version]

    def projects(self) -> list[int]:
        """Return the ids of all projects that were ever connected."""
        table = FACTS[Connection]
        with self.engine.connect() as connection:
            return list(
                connection.execute(select(table.c.project_id).distinct().order_by(table.c.project_id)).scalars()
            )

    def roles(self, project_id: int) -> dict[int, Role]:
        """Return the role of every task that has one.

        The tasks of the newest attempt to certify are CERTIFY, unless it was refused or abandoned: then, and once there
        is a newer attempt, they are what they were drawn for, which is TRAIN.
        """
        query = select(ROLES.c.task_id, ROLES.c.role).where(ROLES.c.project_id == project_id)
        with self.engine.connect() as connection:
            drawn = {task_id: Role(role) for task_id, role in connection.execute(query)}
        return drawn | dict.fromkeys(self.certify_tasks(project_id), Role.CERTIFY)

    def certify_tasks(self, project_id: int) -> list[int]:
        """Return the tasks of the newest attempt to certify, by id; none if there is none or it was not granted."""
        table, draws, certificates = CERTIFY_TASKS, FACTS[CertifyDraw], FACTS[Certificate]
        newest = select(func.max(draws.c.number)).where(draws.c.project_id == project_id).scalar_subquery()
        attempted = select(func.count()).where(draws.c.project_id == project_id, draws.c.number == newest)
        refused = select(func.count()).where(
            *(certificates.c.project_id == project_id, certificates.c.number == newest),
            certificates.c.granted.is_(False),
        )
        query = select(table.c.task_id).where(
            *(table.c.project_id == project_id, table.c.number == newest),
            attempted.scalar_subquery() > refused.scalar_subquery(),
        )
        with self.engine.connect() as connection:
            return list(connection.execute(query.order_by(table.c.task_id)).scalars())

    def add_certify_tasks(self, project_id: int, number: int, task_ids: Iterable[int]) -> bool:
        """Add the tasks of an attempt or, returning False, none of them if another worker was first."""
        rows = [{"project_id": project_id, "number": number, "task_id": task_id} for task_id in task_ids]
        return self._insert(CERTIFY_TASKS, rows)

    def role_count(self, project_id: int) -> int:
        """Return how many facts the roles follow from; they are only added, so an equal count means nothing is new."""
        counts = [
            select(func.count()).select_from(table).where(table.c.project_id == project_id)
            for table in (ROLES, CERTIFY_TASKS, FACTS[CertifyDraw], FACTS[Certificate])
        ]
        with self.engine.connect() as connection:
            return sum(connection.execute(query).scalar_one() for query in counts)

    def add_roles(self, roles: Iterable[TaskRole]) -> bool:
        """Add all these roles or, returning False, none of them if another worker drew one of the tasks first."""
        rows = [asdict(role) for role in roles]
        return not rows or self._insert(ROLES, rows)

    def _insert(self, table: Table, rows: list[dict[str, Any]]) -> bool:
        try:
            with self.engine.begin() as connection:
                connection.execute(insert(table), rows)
        except IntegrityError:
            return False
        return True


def _rows_of(kind: type[Record], project_id: int, where: Mapping[str, Any]) -> Select[Any]:
    columns = FACTS[kind].c
    return select(FACTS[kind]).where(
        *(columns[name] == value for name, value in {"project_id": project_id, **where}.items())
    )


def _record(kind: type[T], row: Mapping[Any, Any]) -> T:
    return kind(**{name: value for name, value in row.items() if name != "id"})
