"""Processes on this machine: started with a log, waited for, and never left behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from labelloop.errors import NeighbourError, UserError

GUARD = Path(__file__).with_name("guard.py")
LOG_TAIL_LINES = 15
POLL_S = 0.1
GRACE_S = 10.0


@dataclass(frozen=True)
class Process:
    """A running command with a log file; ends with us, however we end."""

    name: str
    log: Path
    handle: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Return the id of the process and of its group."""
        return self.handle.pid

    @property
    def alive(self) -> bool:
        """Return whether it still runs."""
        return self.handle.poll() is None

    def log_tail(self) -> str:
        """Return the last lines of its log."""
        lines = self.log.read_text("utf-8", "replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-LOG_TAIL_LINES:])

    def stop(self, grace_s: float = GRACE_S) -> None:
        """Ask it to end, wait for `grace_s` seconds, then kill it and everything it started; twice does no harm."""
        if self.handle.returncode is not None:
            return
        self.handle.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while not _has_ended(self.pid) and time.monotonic() < deadline:
            time.sleep(POLL_S / 2)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)  # also what it started; the group is ours until it is waited for
        self.handle.wait()


def start_process(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Process:
    """Start a command in its own session, its output appended to `log`; `env` replaces the environment.

    Raises UserError where there is no such command.
    """
    if not _exists(command[0]):
        raise UserError(f"Cannot start {name}: there is no command {command[0]}.")
    log.parent.mkdir(parents=True, exist_ok=True)
    guarded = [sys.executable, "-I", "-S", str(GUARD), str(os.getpid()), *map(str, command)]
    with log.open("ab") as output:
        handle = subprocess.Popen(
            guarded,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            start_new_session=True,
        )
    return Process(name, log, handle)


def wait_until_up(
    process: Process, answers: Callable[[], bool], *, deadline_s: float, progress: Callable[[float], None] | None = None
) -> None:
    """Wait until `answers()` is true; `progress` is told the seconds waited so far, about ten times a second.

    Whatever ends the wait early stops the process. Raises NeighbourError with the end of the log where it dies, or
    does not answer within `deadline_s` seconds.
    """
    started = time.monotonic()
    try:
        while not answers():
            waited = time.monotonic() - started
            if not process.alive:
                raise NeighbourError(_failed(process, f"ended with status {process.handle.returncode}"))
            if waited > deadline_s:
                raise NeighbourError(_failed(process, f"did not answer within {deadline_s:.0f} s"))
            if progress:
                progress(waited)
            time.sleep(POLL_S)
    except BaseException:
        process.stop()
        raise


def free_port(preferred: int) -> int:
    """Return `preferred` if nothing listens there on 127.0.0.1, else another free port; the caller says so."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise NeighbourError("This machine has no free port on 127.0.0.1.")


def _exists(command: str | Path) -> bool:
    return shutil.which(command) is not None


def _failed(process: Process, what: str) -> str:
    return f"{process.name} {what}. The end of {process.log}:\n{process.log_tail()}"


def _has_ended(pid: int) -> bool:
    """Return whether the process has ended, without reaping it: until it is reaped, its group id stays ours."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
