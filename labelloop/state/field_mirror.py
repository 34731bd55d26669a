"""The mirror as the field in focus sees it."""

from labelloop.state.project_state import ProjectState
from labelloop.stores.book import Book
from labelloop.stores.mirror import Mirror


def field_mirror(book: Book, state: ProjectState) -> Mirror:
    """Return the project's mirror with the texts that the field in focus reads, and what annotations say of it."""
    return book.mirror(state.id, state.field, state.inputs)
