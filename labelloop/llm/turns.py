"""Taking turns: fits of one project that ask the same questions wait for each other's answers, not pay for both."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def turn(folder: Path, project_id: int) -> Iterator[None]:
    """Hold the project's turn for the block, waiting until whoever has it on this machine is done.

    It is free again as soon as the process that holds it ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / f"llm-{project_id}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
