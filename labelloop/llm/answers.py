"""The answers that were paid for, kept by digest, so that nothing is asked twice."""

from collections.abc import Sequence

from labelloop.llm.file import File
from labelloop.llm.messages import Said


class Answers:
    """Answers by the digest of what was asked; they outlive processes."""

    def __init__(self, file: File) -> None:
        self._file = file

    def find(self, digest: str) -> Said | None:
        """Return the answer that is kept, None where nobody asked."""
        with self._file.transaction() as connection:
            found = connection.execute("SELECT said FROM answer WHERE digest = ?", (digest,)).fetchone()
        return Said.from_json(found[0]) if found else None

    def keep(self, digest: str, said: Said) -> None:
        """Keep an answer; the first one stays."""
        with self._file.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO answer VALUES (?, ?)", (digest, said.to_json()))

    def unknown(self, digests: Sequence[str]) -> set[str]:
        """Return those of the digests whose answer is not kept."""
        with self._file.transaction() as connection:
            query = "SELECT 1 FROM answer WHERE digest = ?"
            return {each for each in digests if connection.execute(query, (each,)).fetchone() is None}
