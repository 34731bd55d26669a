"""Who acts in this thread: set where a command or a request begins, and read where what was done is recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

PAGE, COMMAND, API = "page", "command", "api"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person: their name, whether they use a `page`, a `command` or the `api`, and from which address or host."""

    name: str
    origin: str
    address: str


_ACTOR: ContextVar[Actor | None] = ContextVar("actor", default=None)


def actor() -> Actor | None:
    """Return who acts, None where the loop acts by itself."""
    return _ACTOR.get()


@contextmanager
def acting(who: Actor) -> Iterator[None]:
    """Let somebody act until the block ends."""
    token = _ACTOR.set(who)
    try:
        yield
    finally:
        _ACTOR.reset(token)
