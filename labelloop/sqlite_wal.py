"""SQLite's write-ahead log: readers go on while somebody writes."""

from typing import Any

import tenacity

_PATIENCE_S = 30.0


def _is_busy(error: BaseException) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")


@tenacity.retry(
    retry=tenacity.retry_if_exception(_is_busy),
    wait=tenacity.wait_random(0.001, 0.05),
    stop=tenacity.stop_after_delay(_PATIENCE_S),
    reraise=True,
)
def use_write_ahead_log(connection: Any) -> None:
    """Switch the file of a `sqlite3` connection to its write-ahead log, waiting for others that open it as well.

    SQLite's own `busy_timeout` does not cover this switch: two that open a new file at once would fail.
    Raises sqlite3.Error where the file is damaged or stays locked for half a minute.
    """
    connection.execute("PRAGMA journal_mode = WAL")
