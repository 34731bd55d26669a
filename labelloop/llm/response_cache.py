"""The responses that were paid for, kept by digest in a SQLite file of this machine, so that nothing is asked twice."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from labelloop.errors import NeighbourError
from labelloop.llm.chat_messages import ChatResponse
from labelloop.sqlite_wal import use_write_ahead_log

FILE = "llm.sqlite"

_TABLE = "CREATE TABLE IF NOT EXISTS answer (digest TEXT PRIMARY KEY, said TEXT NOT NULL) WITHOUT ROWID"


class ResponseCache:
    """Responses by the digest of the request; any number of threads and processes share the file.

    Every method raises NeighbourError where the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None

    def find(self, digest: str) -> ChatResponse | None:
        """Return the response that is kept, None where nobody asked."""
        with self._connection() as connection:
            found = connection.execute("SELECT said FROM answer WHERE digest = ?", (digest,)).fetchone()
        return ChatResponse.from_json(found[0]) if found else None

    def keep(self, digest: str, response: ChatResponse) -> None:
        """Keep a response; the first one stays."""
        with self._connection() as connection:
            connection.execute("INSERT OR IGNORE INTO answer VALUES (?, ?)", (digest, response.to_json()))

    def unknown(self, digests: Sequence[str]) -> set[str]:
        """Return those of the digests whose response is not kept."""
        with self._connection() as connection:
            query = "SELECT 1 FROM answer WHERE digest = ?"
            return {each for each in digests if connection.execute(query, (each,)).fetchone() is None}

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                self._open = self._open or _opened(self._path)
                yield self._open
        except (sqlite3.Error, OSError) as error:
            raise NeighbourError(
                f"{self._path} holds what LLMs answered and cannot be used ({error}): repair the disk, or put the file "
                "back from a backup. Nothing is asked without it."
            ) from error


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
    use_write_ahead_log(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(_TABLE)
    return connection
