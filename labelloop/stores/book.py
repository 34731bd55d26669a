"""The one way to record a fact: artifact first, ledger row last; the row is the commit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from labelloop.domain.records import Record
from labelloop.domain.schema import Field, Input
from labelloop.encoders.encoder_spec import EncoderDefaults
from labelloop.stores.artifacts import Artifacts
from labelloop.stores.ledger import Ledger
from labelloop.stores.mirror import Mirror

BUNDLED_ENCODER = EncoderDefaults()
Files = Mapping[str, bytes] | Path


class Book:
    """The ledger together with the artifact store it can be rebuilt from.

    `encoders` tells which encoder projects have whose rules name none.
    """

    def __init__(self, ledger: Ledger, artifacts: Artifacts, encoders: EncoderDefaults = BUNDLED_ENCODER) -> None:
        self.ledger, self.artifacts, self.encoders = ledger, artifacts, encoders

    def mirror(self, project_id: int, field: Field | None = None, inputs: tuple[Input, ...] = ()) -> Mirror:
        """Return a project's mirror, which is kept in the ledger's database, or a field's part of it."""
        return Mirror(self.ledger.engine, project_id, field, inputs)

    def record(self, record: Record, name: str, files: Files | None = None, parents: tuple[str, ...] = ()) -> bool:
        """Store the files and the manifest, then add the row; return False if another worker was first.

        A crash between the two leaves an artifact without a row, which `labelloop gc` deletes, never the reverse.
        """
        artifact = self.artifacts.write(record, name, files or {}, parents)
        return self.ledger.add(replace(record, artifact=artifact))

    def record_together(
        self, records: Sequence[Record], names: Sequence[str], files: Files, parents: Sequence[str]
    ) -> bool:
        """Record facts of one kind that hold only together, each with the same files, its name and its parent."""
        stored = [
            replace(record, artifact=self.artifacts.write(record, name, files, (parent,)))
            for record, name, parent in zip(records, names, parents, strict=True)
        ]
        return self.ledger.add_together(stored)
