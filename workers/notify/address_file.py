"""The addresses of all projects, in a file of the data folder that only its owner may read: they are secrets."""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from labelloop.domain.notify_address import Address
from labelloop.errors import BrokenPromise, NotFound, UserError
from labelloop.file_lock import file_lock


class AddressFile:
    """The file; safe among processes of the machines that share the folder."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "notify.json"

    def all(self) -> list[Address]:
        """Return every address, oldest first; raises BrokenPromise where the file is damaged."""
        try:
            rows = json.loads(self._path.read_text("utf-8"))
            return [_address(row) for row in rows]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError, KeyError) as error:
            raise BrokenPromise(
                f"{self._path} is damaged: restore it, or delete it and add the addresses anew."
            ) from error

    def of(self, project_id: int) -> list[Address]:
        """Return a project's addresses, oldest first."""
        return [one for one in self.all() if one.project_id == project_id]

    def add(self, address: Address) -> None:
        """Add an address; raises UserError where the project has it already."""
        with file_lock(self._lock):
            known = self.all()
            if any(one.url == address.url for one in known if one.project_id == address.project_id):
                raise UserError("The project has this address already: --remove it first to change what it is told.")
            self._write([*known, address])

    def remove(self, project_id: int, name: str) -> Address:
        """Remove a project's address, by its id or by itself, and return it; raises NotFound."""
        with file_lock(self._lock):
            known = self.all()
            gone = next((one for one in known if one.project_id == project_id and name in (one.id, one.url)), None)
            if gone is None:
                ids = ", ".join(one.id for one in known if one.project_id == project_id) or "none"
                raise NotFound(f"Project {project_id} has no such address; its ids are: {ids}.")
            self._write([one for one in known if one != gone])
            return gone

    @property
    def _lock(self) -> Path:
        return self._path.with_suffix(".lock")

    def _write(self, addresses: Sequence[Address]) -> None:
        made = self._path.with_suffix(".new")
        made.unlink(missing_ok=True)
        rows = [asdict(one) | {"added_at": one.added_at.isoformat()} for one in addresses]
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        made.replace(self._path)


def new_id() -> str:
    """Return an id for a new address."""
    return secrets.token_hex(4)


def _address(row: dict[str, Any]) -> Address:
    events, added_at = row["events"], datetime.fromisoformat(row["added_at"])
    texts = (row["id"], row["url"], row["secret"], row["language"], *events)
    if not isinstance(events, list) or added_at.tzinfo is None or not all(isinstance(one, str) for one in texts):
        raise TypeError("a value of another kind than was written")
    return Address(**(row | {"events": tuple(events), "added_at": added_at}))
