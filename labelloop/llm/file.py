"""The SQLite file of what was asked of LLMs, and what that cost; any number of processes share it."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from labelloop.errors import NeighbourError

NAME = "llm.sqlite"

_TABLES = """
CREATE TABLE IF NOT EXISTS answer (digest TEXT PRIMARY KEY, said TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS request (
    id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, round_number INTEGER NOT NULL, model TEXT NOT NULL,
    at REAL NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, cost REAL NOT NULL,
    known INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS request_project ON request (project_id);
CREATE INDEX IF NOT EXISTS request_at ON request (at);
"""


class File:
    """The open file; threads take turns, and other processes too. Raises NeighbourError where it cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._open: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the file for reading and writing; what the block wrote is kept if it ends well."""
        try:
            with self._turn, self._begun() as connection:
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise NeighbourError(
                f"{self._path} holds what LLMs answered and what that cost, and cannot be used ({error}): mend the "
                "disk, or put the file back from a backup. Nothing is asked without it."
            ) from error

    @contextmanager
    def _begun(self) -> Iterator[sqlite3.Connection]:
        connection = self._open = self._open or _opened(self._path)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
    with suppress(sqlite3.OperationalError):  # busy: another process that opens it does the same
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.executescript(_TABLES)
    return connection
