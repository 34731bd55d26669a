"""Whoever opens connections and sends nothing, or half a request, holds up nobody: no credentials are needed for it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.ml_backend.stage import PASSWORD, wait_until
from workers.local.processes import free_port

pytestmark = pytest.mark.services
MANY = 40
HEAD = b"POST /predict HTTP/1.1\r\nHost: backend\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n"
SENT = {
    "nothing": b"",
    "half a head": HEAD[: len(HEAD) // 2],
    "a head and half a body": HEAD + b"\r\n{",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}
LONGEST = 60.0
"""Far less than connections stay open in this test, far more than /health takes on a busy machine."""


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Yield the port of the ML backend as operators run it."""
    ours = {
        "DATA_DIR": tmp_path,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "BACKEND_PASSWORD": PASSWORD,
        "WEBHOOK_SECRET": PASSWORD,
        "PORT": (port := free_port(0)),
        "THREADS": 2,
    }
    environment = {**os.environ, **{f"LABELLOOP_{name}": str(value) for name, value in ours.items()}}
    process = subprocess.Popen([sys.executable, "-m", "ml_backend.server", "backend"], env=environment)
    try:
        wait_until(lambda: is_healthy(port), 60)
        yield port
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
def test_health_is_answered_while_many_strangers_send(port: int, sent: bytes) -> None:
    """More of them than there are threads."""
    with ExitStack() as connections:
        for _ in range(MANY):
            connection = socket.create_connection(("127.0.0.1", port))
            connections.enter_context(connection)
            connection.sendall(sent)
        assert all(is_healthy(port) for _ in range(5))


def is_healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=LONGEST).is_success
    except httpx.HTTPError:
        return False
