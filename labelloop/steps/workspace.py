"""Where a fit that is cut off leaves what the next try goes on from: a folder for each project, round and learner."""

import fcntl
import hashlib
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from labelloop.file_lock import file_lock
from labelloop.state.project_state import ProjectState


def fit_folder(work: Path, state: ProjectState, number: int, spec: str) -> "FitFolder":
    """Return the folder of a learner's fit to a round as it is due now."""
    looped = state.looped
    return FitFolder(work, state.id, number, spec, looped.encoder, looped.again(number), state.field_on_record)


@dataclass(frozen=True, slots=True)
class FitFolder:
    """The folder of one fit below `work`: of a learner with an encoder, for the time that `again` counts.

    `field` is as in the record of the fit.
    """

    work: Path
    project_id: int
    number: int
    spec: str
    encoder: str = ""
    again: int = 0
    field: str = ""

    @property
    def folder(self) -> Path:
        """Return the folder; it need not exist."""
        which = _digest(f"{self.encoder} {self.again}" + (f" {self.field}" if self.field else ""))
        return self.work / f"{self.project_id}-{self.number}-{_digest(self.spec)}-{which}"

    def made(self) -> Path:
        """Return the folder, made if need be."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder

    def clear(self) -> None:
        """Delete the folder: what came of the fit is recorded."""
        shutil.rmtree(self.folder, ignore_errors=True)


def alone(work: Path, project_id: int, spec: str) -> AbstractContextManager[bool]:
    """Hold a learner of a project for the block; yields False if another process of this machine has it."""
    return file_lock(work / f"{project_id}-{_digest(spec)}.lock", wait=False)


def leftovers(work: Path, *, older_than_s: float) -> Iterator[tuple[int, int, Path]]:
    """Yield the project, the round and the folder of fits that nobody has touched for so long and nobody holds."""
    for folder in sorted(work.glob("*-*-*/")) if work.exists() else []:
        project_id, number, digest, *_ = folder.name.split("-")
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


def _digest(spec: str) -> str:
    return hashlib.sha256(spec.encode()).hexdigest()[:16]
