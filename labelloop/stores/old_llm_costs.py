"""The costs of LLMs as 0.1.0 kept them, in a file of each machine: they are moved into the ledger once."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labelloop.errors import NeighbourError

OLD_ID = "llm.sqlite/"
"""How the ids of requests from an old file begin; the rest tells one from every other, so none is counted twice."""

_ROWS = "SELECT id, project_id, round_number, model, at, tokens_in, tokens_out, cost, known FROM request"
_MOVE = (
    "DROP TABLE IF EXISTS request_in_ledger",  # of an upgrade before this one: its rows are in the ledger
    "ALTER TABLE request RENAME TO request_in_ledger",
)


def take_over(path: Path, add: Callable[[list[dict[str, Any]]], None]) -> None:
    """Hand the rows that an old file still holds to `add`; once that has returned, the file counts as moved.

    Other processes wait meanwhile. A crash in between leaves the rows where they were: they are handed over again,
    under the same ids. Raises NeighbourError where the file cannot be read or changed.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=30.0, isolation_level=None)) as old:
            if not _has_rows(old):
                return
            old.execute("BEGIN IMMEDIATE")
            if not _has_rows(old):  # another process has moved them while this one waited
                return
            old.row_factory = sqlite3.Row
            add([_row(found) for found in old.execute(_ROWS)])
            for statement in _MOVE:
                old.execute(statement)
            old.execute("COMMIT")
    except sqlite3.Error as error:
        raise NeighbourError(
            f"{path} holds what LLMs cost until now, and that cannot be moved into the ledger ({error}): repair the "
            "disk, or put the file back from a backup. No LLM is asked before."
        ) from error


def _has_rows(old: sqlite3.Connection) -> bool:
    return old.execute("SELECT 1 FROM sqlite_master WHERE name = 'request'").fetchone() is not None


def _row(found: sqlite3.Row) -> dict[str, Any]:
    values = dict(found)
    number, at, known = values.pop("id"), values.pop("at"), values.pop("known")
    moment = datetime.fromtimestamp(at, UTC)
    return {**values, "request_id": f"{OLD_ID}{number}/{at!r}", "created_at": moment, "settled": bool(known)}
