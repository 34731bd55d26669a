"""The write-ahead log of the SQLite files that several processes share."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from labelloop.sqlite_wal import use_write_ahead_log

OPENERS = 6
FILES = 60


def test_many_open_a_new_file_at_once(tmp_path: Path) -> None:
    """Each writes as soon as it has opened it; without waiting, about one opener in a hundred fails."""
    together = Barrier(OPENERS)

    def write(path: Path) -> str:
        with closing(sqlite3.connect(path, timeout=60.0, isolation_level=None)) as connection:
            together.wait()
            use_write_ahead_log(connection)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE IF NOT EXISTS fact (id INTEGER)")
            connection.execute("COMMIT")
            return str(connection.execute("PRAGMA journal_mode").fetchone()[0])

    paths = [tmp_path / f"{number}.sqlite" for number in range(FILES) for _ in range(OPENERS)]
    with ThreadPoolExecutor(OPENERS) as threads:
        assert set(threads.map(write, paths)) == {"wal"}


def test_a_file_that_is_no_database_is_not_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    path.write_text("these are notes, not a database" * 40)

    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.DatabaseError, match="not a database"):
        use_write_ahead_log(connection)
