"""Which encoders the projects of an installation have."""

from labelloop.domain.records import Connection
from labelloop.rules import Rules
from labelloop.stores.book import Book


def project_encoders(book: Book) -> list[str]:
    """Return the names of the encoders of all projects that are connected now, each once."""
    found = [book.ledger.newest(Connection, id_) for id_ in book.ledger.projects()]
    rules = [Rules.stored(one.rules) for one in found if one is not None and one.active]
    return sorted({str(book.encoders.spec(one.encoder, one.windows)) for one in rules})
