"""How commands print: as wide as the terminal, and whole where a file or another program reads it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

WHOLE = 10_000
"""Columns where nobody looks at a screen: wide enough for every table."""


def output() -> Console:
    """Return the console for what a command answers."""
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WHOLE)


@contextmanager
def waiting_for(what: str) -> Iterator[Callable[[], None]]:
    """Show on a terminal what is being done for as long as the block takes, or until the function given is called."""
    if not sys.stderr.isatty():  # a file or another program waits without being told
        yield lambda: None
        return
    with Console(stderr=True).status(f"{what} …") as status:
        yield status.stop
