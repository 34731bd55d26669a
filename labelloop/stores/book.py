"""The one way to record a fact: artifact first, ledger row last; the row is the commit."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from labelloop.domain.records import Record
from labelloop.stores.artifacts import Artifacts
from labelloop.stores.ledger import Ledger

Files = Mapping[str, bytes] | Path


class Book:
    """The ledger together with the artifact store it can be rebuilt from."""

    def __init__(self, ledger: Ledger, artifacts: Artifacts) -> None:
        self.ledger, self.artifacts = ledger, artifacts

    def record(self, record: Record, name: str, files: Files | None = None, parents: tuple[str, ...] = ()) -> bool:
        """Store the files and the manifest, then add the row; return False if another worker was first.

        A crash between the two leaves an artifact without a row, which `labelloop gc` deletes, never the reverse.
        """
        artifact = self.artifacts.write(record, name, files or {}, parents)
        return self.ledger.add(replace(record, artifact=artifact))
