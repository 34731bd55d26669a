"""Processes on this machine start, answer, stop, and are never left behind."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from labelloop.errors import NeighbourError, UserError
from tests.local.proc import descendants, eventually, gone
from workers.local.processes import free_port, start_process, wait_until_up

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_a_free_port_is_taken_as_preferred() -> None:
    """Nobody listens on the preferred port, so it is the answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert free_port(port) == port


def test_a_busy_port_gives_way_to_another() -> None:
    """Somebody listens on the preferred port, so the answer is a different, free one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        busy = server.getsockname()[1]
        port = free_port(busy)

    assert port != busy
    socket.create_server(("127.0.0.1", port)).close()


def test_a_stopped_process_takes_what_it_started_with_it(tmp_path: Path) -> None:
    """A process that ignores SIGTERM, and its grandchild, are gone after stop."""
    stubborn = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"subprocess.Popen({SLEEPER!r})\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)"
    )
    before = descendants(os.getpid())
    process = start_process("stubborn", [sys.executable, "-c", stubborn], log=tmp_path / "log")
    wait_until_up(process, lambda: "ready" in process.log_tail(), deadline_s=120)
    everybody = descendants(os.getpid()) - before

    process.stop(grace_s=0.2)

    assert len(everybody) == 3
    assert eventually(lambda: gone(everybody))


def test_a_process_ends_in_its_own_way_when_asked(tmp_path: Path) -> None:
    """SIGTERM reaches the command itself, which may still tidy up."""
    tidy = (
        "import signal, sys, time\n"
        "def end(*_):\n    print('tidied', flush=True)\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "sys.stdout.write('ready\\n')\n"  # at once: print writes the end of the line by itself, unbuffered
        "sys.stdout.flush()\n"
        "time.sleep(600)"
    )
    process = start_process("tidy", [sys.executable, "-c", tidy], log=tmp_path / "log")
    wait_until_up(process, lambda: "ready" in process.log_tail(), deadline_s=120)

    process.stop()

    assert process.log_tail().splitlines() == ["ready", "tidied"]


def test_the_error_of_a_dead_process_quotes_its_log(tmp_path: Path) -> None:
    """Who starts a service that dies at once reads why in the error."""
    process = start_process(
        "broken", [sys.executable, "-c", "raise SystemExit('no such colour')"], log=tmp_path / "log"
    )

    with pytest.raises(NeighbourError, match=r"(?s)broken ended with status 1.*no such colour"):
        wait_until_up(process, lambda: False, deadline_s=120)


def test_a_process_that_never_answers_is_stopped(tmp_path: Path) -> None:
    """After the deadline the caller gets an error, and the process is not left running."""
    process = start_process("silent", SLEEPER, log=tmp_path / "log")
    waits: list[float] = []

    with pytest.raises(NeighbourError, match="did not answer"):
        wait_until_up(process, lambda: False, deadline_s=0.3, progress=waits.append)

    assert not process.alive
    assert waits == sorted(waits) != []


def test_a_missing_command_is_named(tmp_path: Path) -> None:
    """The user is told which command is missing."""
    with pytest.raises(UserError, match="no command /nowhere/label-studio"):
        start_process("Label Studio", ["/nowhere/label-studio"], log=tmp_path / "log")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_no_child_outlives_its_parent(tmp_path: Path, end: signal.Signals) -> None:
    """However the parent ends, so do its queue server and what a thread of it has started."""
    script = (
        "import sys, threading, time\n"
        "from pathlib import Path\n"
        "from workers.local.processes import start_process\n"
        "from workers.local.redis import start_redis\n"
        "here = Path(sys.argv[1])\n"
        "start_redis(here / 'valkey')\n"
        f"thread = threading.Thread(target=lambda: start_process('sleeper', {SLEEPER!r}, log=here / 'log'))\n"
        "thread.start(); thread.join()\n"
        "(here / 'ready').touch()\n"
        "time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
    try:
        assert eventually((tmp_path / "ready").exists, 60)
        assert eventually(lambda: len(descendants(parent.pid)) == 4)
        everybody = descendants(parent.pid)
    finally:
        parent.send_signal(end)
        parent.wait()

    assert eventually(lambda: gone(everybody))
