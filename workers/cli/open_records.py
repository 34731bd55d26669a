"""What commands work with that need no Label Studio: the settings, the records and the bell."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from labelloop.settings import Settings
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.stores.book import Book
from workers.jobs.job_queue import Bell
from workers.jobs.open_stores import open_bell, open_book


@dataclass(frozen=True)
class Records:
    """The ledger with its artifacts, and the job queue."""

    settings: Settings
    book: Book
    bell: Bell

    def project(self, project_id: int) -> ProjectState:
        """Return a project that was ever connected; raises NotConnected."""
        return load(self.book, project_id, disconnected=True)

    def fields(self, project_id: int, field: str | None) -> tuple[ProjectState, ...]:
        """Return a project that was ever connected once for each field, or for the named one alone.

        Before its configuration was first read that is once. Raises NotConnected, or NotFound for an unknown field.
        """
        state = self.project(project_id)
        return (state.focused(field),) if field else state.by_field or (state,)

    def connected(self, project_id: int, field: str | None = None) -> ProjectState:
        """Return a project that is in the loop now, with the named field in focus; raises NotConnected, NotFound."""
        return load(self.book, project_id).focused(field or "")


@contextmanager
def open_records() -> Iterator[Records]:
    """Open the records for one command, and close them after."""
    settings = Settings()
    bell, book = open_bell(settings), open_book(settings)
    try:
        yield Records(settings, book, bell)
    finally:
        bell.redis.close()
        book.ledger.engine.dispose()
