"""Where a fit that is cut off leaves what the next try goes on from: a folder for each project, round and learner."""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one fit below `work`."""

    work: Path
    project_id: int
    number: int
    recipe: str

    @property
    def folder(self) -> Path:
        """Return the folder; it need not exist."""
        return self.work / f"{self.project_id}-{self.number}-{_digest(self.recipe)}"

    def made(self) -> Path:
        """Return the folder, made if need be."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder

    def clear(self) -> None:
        """Delete the folder: what came of the fit is recorded."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def alone(work: Path, project_id: int, recipe: str) -> Iterator[bool]:
    """Hold a learner of a project for the block; yields False if another process of this machine has it.

    It is free again as soon as the process that holds it ends, however it ends.
    """
    work.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(work / f"{project_id}-{_digest(recipe)}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def leftovers(work: Path, *, older_than_s: float) -> Iterator[tuple[int, int, Path]]:
    """Yield the project, the round and the folder of fits that nobody has touched for so long and nobody holds."""
    for folder in sorted(work.glob("*-*-*/")) if work.exists() else []:
        project_id, number, digest = folder.name.split("-")
        if time.time() - _touched(folder) > older_than_s and _is_free(work / f"{project_id}-{digest}.lock"):
            yield int(project_id), int(number), folder


def _touched(folder: Path) -> float:
    return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))


def _is_free(lock: Path) -> bool:
    if not lock.exists():
        return True
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _digest(recipe: str) -> str:
    return hashlib.sha256(recipe.encode()).hexdigest()[:16]
