"""Run one command and see to it that it, and all it started, ends when our parent does.

Usage: `python guard.py PARENT_PID COMMAND [ARGUMENT ...]`, in a session of its own. A guard, rather than the kernel's
parent-death signal, because that signal follows the thread that started the child, spares grandchildren, and exists on
Linux only. Uses the standard library alone, so that it starts in milliseconds.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
POLL_S = 0.5
GRACE_S = 10.0


def main(parent: int, command: list[str]) -> int:
    """Run the command until it ends or the parent is gone; return its exit status (128 + signal if killed)."""
    bell = _signal_bell()
    try:
        child = subprocess.Popen(command)
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error}\n")
        return 127
    while child.poll() is None:
        if os.getppid() != parent:
            _end(child)
        for number in _signals_within(bell, POLL_S):
            if number in FORWARDED:
                child.send_signal(number)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _signal_bell() -> socket.socket:
    """Return a socket on which each signal arrives as one byte: one that comes before the child exists waits there."""
    bell, ringer = socket.socketpair()
    ringer.setblocking(False)
    signal.set_wakeup_fd(ringer.detach(), warn_on_full_buffer=False)
    for number in (*FORWARDED, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return bell


def _signals_within(bell: socket.socket, seconds: float) -> bytes:
    ready, _, _ = select.select([bell], [], [], seconds)
    return bell.recv(64) if ready else b""


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask the orphan to end, then kill the whole process group, this guard with it."""
    child.terminate()
    deadline = time.monotonic() + GRACE_S
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
