"""What commands work with that need no Label Studio: the settings, the records and the bell."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from labelloop.domain.records import Connection
from labelloop.errors import NotConnected
from labelloop.settings import Settings
from labelloop.steps.project import ProjectView
from labelloop.stores.book import Book
from workers.bootstrap import open_bell, open_book
from workers.queue import Bell


@dataclass(frozen=True)
class Records:
    """The ledger with its artifacts, and the job queue."""

    settings: Settings
    book: Book
    bell: Bell

    def project(self, project_id: int) -> ProjectView:
        """Return a project that was ever connected; raises NotConnected."""
        if self.book.ledger.newest(Connection, project_id) is None:
            raise NotConnected(project_id)
        return ProjectView(self.book, project_id)

    def connected(self, project_id: int) -> ProjectView:
        """Return a project that is in the loop now; raises NotConnected."""
        view = self.project(project_id)
        if not view.connection.active:
            raise NotConnected(project_id)
        return view


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
