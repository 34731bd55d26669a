"""How long an answer is still of use: whoever makes a person wait says so, whoever asks a neighbour obeys."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf

_until: ContextVar[float] = ContextVar("answer_until", default=inf)


@contextmanager
def answer_within(seconds: float) -> Iterator[None]:
    """Make calls to neighbours within the block give up after so many seconds in all, and never later than outside."""
    token = _until.set(min(_until.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _until.reset(token)


def seconds_left() -> float:
    """Return how long an answer is still of use here, in seconds: infinite where nobody waits, negative when late.

    >>> seconds_left()
    inf
    """
    return _until.get() - time.monotonic()
