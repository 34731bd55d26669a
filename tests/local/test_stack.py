"""A stack keeps its services alive, and stops them all."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import redis

from labelloop.errors import NeighbourError
from tests.local.proc import descendants, eventually, gone
from workers.local import stack as stack_module
from workers.local.processes import Process, start_process, wait_until_up
from workers.local.redis import start_redis
from workers.local.stack import Stack

pytestmark = pytest.mark.services
SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restart without delay."""
    monkeypatch.setattr(stack_module, "POLL_S", 0.01)
    monkeypatch.setattr(stack_module, "FIRST_DELAY_S", 0.0)


def test_a_killed_service_is_started_again_with_its_data(tmp_path: Path) -> None:
    """A queue server that was killed comes back, and with it what was queued."""
    with Stack() as stack:
        first = stack.start(lambda: start_redis(tmp_path))
        with redis.Redis.from_url(first.url) as client:
            client.set("queued", "job")
            os.killpg(first.process.pid, signal.SIGKILL)
            assert eventually(lambda: not first.process.alive)

            stack.repair()
            stack.repair()

            assert client.get("queued") == b"job"
            assert client.config_get("port")["port"] == "0"


def test_a_service_that_keeps_dying_stops_the_stack(tmp_path: Path) -> None:
    """After a few restarts in a row the user is told, with the end of the log."""

    def broken() -> Process:
        return start_process("broken", [sys.executable, "-c", "raise SystemExit('out of ink')"], log=tmp_path / "log")

    def start_and_mend(stack: Stack) -> None:
        stack.start(broken)
        stack.watch()

    with Stack() as stack, pytest.raises(NeighbourError, match=r"(?s)broken keeps ending.*out of ink"):
        start_and_mend(stack)

    assert (tmp_path / "log").read_text().count("out of ink") == stack_module.RESTARTS_IN_A_ROW + 1


LAST_WORDS = """
import signal, sys, time
def end(*_):
    open(sys.argv[2], "a").write(sys.argv[1])
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(600)
"""


def test_leaving_the_block_stops_the_newest_service_first(tmp_path: Path) -> None:
    """Services stop in reverse order, so that none misses a neighbour it needs."""

    def service(name: str) -> Process:
        command = [sys.executable, "-c", LAST_WORDS, name, str(tmp_path / "order")]
        process = start_process(name, command, log=tmp_path / f"{name}.log")
        wait_until_up(process, lambda: "ready" in process.log_tail(), deadline_s=30)
        return process

    with Stack() as stack:
        guards = [stack.start(partial(service, name)).pid for name in "abc"]
        services = {entry for entry in descendants(os.getpid()) if entry.pid in guards or entry.parent in guards}

    assert (tmp_path / "order").read_text() == "cba"
    assert len(services) == 6
    assert eventually(lambda: gone(services))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_stack_and_its_services(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM and Ctrl-C end the program through the end of the block."""
    script = (
        "import signal, sys\n"
        # a test run in the background has been told to ignore Ctrl-C, and its children inherit that
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path\n"
        "from workers.local.processes import start_process\n"
        "from workers.local.stack import Stack\n"
        "here = Path(sys.argv[1])\n"
        "with Stack() as stack:\n"
        f"    stack.start(lambda: start_process('sleeper', {SLEEPER!r}, log=here / 'log'))\n"
        "    (here / 'ready').touch()\n"
        "    stack.watch()"
    )
    with (tmp_path / "errors").open("wb") as errors:
        program = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stderr=errors)
    assert eventually((tmp_path / "ready").exists, 60)
    children = descendants(program.pid)

    program.send_signal(number)

    assert program.wait(timeout=120) != 0
    assert children
    assert eventually(lambda: gone(children))
