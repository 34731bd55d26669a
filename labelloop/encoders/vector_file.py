"""Vectors kept on disk between processes and restarts: a cache, so it may be deleted or fail at any time."""

import os
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import structlog

from labelloop.sqlite_wal import use_write_ahead_log

T = TypeVar("T")
_log = structlog.get_logger()
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_AT_ONCE = 500


class VectorFile:
    """A SQLite file of vectors as bytes by key; shared by any number of threads and processes.

    Nothing is ever raised: a damaged file is replaced by a new one, and where the disk is full, read-only or busy the
    vectors are simply not kept, which is logged once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._owner = 0
        self._inherited: list[sqlite3.Connection] = []  # across a fork; SQLite forbids even to close them here
        self._complained = False

    def read(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return what is kept of these keys."""
        return self._attempt(lambda connection: _select(connection, keys)) or {}

    def write(self, vectors: Mapping[bytes, bytes]) -> None:
        """Keep these vectors."""
        self._attempt(lambda connection: _insert(connection, vectors))

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        with self._lock:
            self._close()

    def _attempt(self, do: Callable[[sqlite3.Connection], T]) -> T | None:
        with self._lock:
            try:
                return do(self._connect())
            except (sqlite3.Error, OSError) as error:
                self._close()
                self._recover(error)
                return None

    def _connect(self) -> sqlite3.Connection:
        if self._connection is not None and self._owner == os.getpid():
            return self._connection
        if self._connection is not None:
            self._inherited.append(self._connection)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=5.0, check_same_thread=False)
        self._connection, self._owner = connection, os.getpid()
        use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("CREATE TABLE IF NOT EXISTS vector (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
        return connection

    def _close(self) -> None:
        if self._connection is not None and self._owner == os.getpid():
            self._connection.close()
            self._connection = None

    def _recover(self, error: Exception) -> None:
        if getattr(error, "sqlite_errorcode", None) in _DAMAGED:
            for path in (self._path, *self._path.parent.glob(f"{self._path.name}-*")):
                path.unlink(missing_ok=True)
            _log.warning("vector_cache_damaged", path=str(self._path), now="started anew")
        elif not self._complained:
            self._complained = True
            _log.warning("vector_cache_unavailable", path=str(self._path), error=str(error), now="going on without")


def _select(connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        found.update(connection.execute(f"SELECT key, vector FROM vector WHERE key IN ({marks})", some))  # noqa: S608
    return found


def _insert(connection: sqlite3.Connection, vectors: Mapping[bytes, bytes]) -> None:
    with connection:
        connection.executemany("INSERT OR IGNORE INTO vector VALUES (?, ?)", vectors.items())
