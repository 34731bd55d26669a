"""A migrated, empty Label Studio to copy from, so that a test's own one starts in seconds."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workers.local.label_studio import CREDENTIALS, DATABASE, start_label_studio
from workers.local.processes import free_port

TEMPLATE_FILES = (DATABASE, CREDENTIALS, ".env")


def copy_template(template: Path, directory: Path, *, command: Path) -> None:
    """Fill an empty directory with a migrated Label Studio; made in `template` first, where there is none yet.

    All copies share the administrator and the secret key: for tests and benchmarks on loopback, not for people.
    """
    with _one_at_a_time(template):
        if not template.exists():
            _make(template, command)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in TEMPLATE_FILES:
        shutil.copy(template / name, directory / name)


def _make(template: Path, command: Path) -> None:
    """Start a Label Studio once beside the template and move it there when it is complete."""
    draft = template.with_name(f"{template.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    start_label_studio(draft, port=free_port(8080), command=command).process.stop()
    draft.rename(template)


@contextmanager
def _one_at_a_time(template: Path) -> Iterator[None]:
    template.parent.mkdir(parents=True, exist_ok=True)
    with template.with_name(f"{template.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
