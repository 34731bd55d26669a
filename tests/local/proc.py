"""Which processes run, as /proc tells it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """A process as seen at one moment; `born` tells it from a later one with the same id."""

    pid: int
    parent: int
    born: int


def running() -> dict[int, Entry]:
    """Return all processes that run now, the dead that nobody has waited for left out."""
    entries = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields[0] not in "ZX":
            pid = int(stat.parent.name)
            entries[pid] = Entry(pid, int(fields[1]), int(fields[19]))
    return entries


def descendants(pid: int) -> set[Entry]:
    """Return all that a process has started, and all that these have started."""
    everybody = running().values()
    found: set[Entry] = set()
    parents = {pid}
    while children := {entry for entry in everybody if entry.parent in parents} - found:
        found |= children
        parents = {child.pid for child in children}
    return found


def gone(processes: set[Entry]) -> bool:
    """Return whether none of the processes runs any more, whoever is its parent now."""
    return not {(p.pid, p.born) for p in processes} & {(p.pid, p.born) for p in running().values()}


def eventually(happens: Callable[[], bool], seconds: float = 60, pause_s: float = 0.02) -> bool:
    """Return whether it happens within the seconds; looked for again after each pause."""
    deadline = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_s)
    return True
