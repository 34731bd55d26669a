"""The audit trail: each step that somebody takes is entered here, by whatever page or command."""

from datetime import UTC, datetime

from labelloop.acting import actor
from labelloop.domain.action_record import Action
from labelloop.stores.book import Book

LONGEST = 1000
"""How many characters of a detail are kept."""


def enter(book: Book, project_id: int, action: str, detail: str = "") -> None:
    """Record that the person who acts did this; what the loop does by itself is no action, and is not entered."""
    who = actor()
    if who is None:
        return
    parts = map(sound, (action, who.name, who.origin, who.address, detail[:LONGEST]))
    book.record(Action(project_id, *parts, created_at=datetime.now(UTC)), "action")


def sound(text: str) -> str:
    """Return a text that every database takes: without halves of characters, and without NUL."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
