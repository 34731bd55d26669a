"""Label Studio on this machine: its environment, its administrator, its start."""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from labelloop.errors import NeighbourError, UserError
from labelloop.outgoing_requests import http_options
from sync.api.client import LabelStudio
from workers.local.private_file import write_private
from workers.local.processes import Process, free_port, start_process, wait_until_up

DATABASE = "label_studio.sqlite3"
CREDENTIALS = "admin.json"
KEPT_FROM_OUR_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
LOG = "label-studio.log"
MIGRATIONS_DEADLINE_S = 600.0
MOVED_ON = "* Trying to start at"  # in its log, after a busy port
LISTENS = "Starting development server at"  # in its log; until then its port is anybody's


@dataclass(frozen=True)
class Administrator:
    """The first user of a Label Studio, its password and its legacy API token."""

    email: str
    password: str
    token: str


@dataclass(frozen=True)
class RunningLabelStudio:
    """A Label Studio that answers at `url`, and its administrator's credentials."""

    url: str
    token: str
    email: str
    password: str
    process: Process


def start_label_studio(
    directory: Path, *, port: int, command: Path, progress: Callable[[float], None] | None = None
) -> RunningLabelStudio:
    """Start Label Studio on a port of 127.0.0.1 with its data in the directory, and wait until it answers.

    The first start in a directory runs its migrations (a minute or two) and creates the administrator; `progress` is
    told the seconds waited. Raises UserError where the port is taken or the directory is another Label Studio's,
    NeighbourError where the start fails.
    """
    if free_port(port) != port:
        raise UserError(f"Port {port} on 127.0.0.1 is taken: stop the program that listens there, or choose another.")
    directory = directory.resolve()
    admin = _administrator(directory)
    url = f"http://127.0.0.1:{port}"
    log = directory / LOG
    log.unlink(missing_ok=True)  # what it holds is of the last start, and is searched below
    process = start_process(
        "Label Studio",
        [command.absolute(), "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)],
        log=log,
        env=_environment(directory, url, admin),
        cwd=directory,
    )
    wait_until_up(process, lambda: is_up(url, log), deadline_s=MIGRATIONS_DEADLINE_S, progress=progress)
    _check_token(url, admin, process)
    return RunningLabelStudio(url, admin.token, admin.email, admin.password, process)


def _administrator(directory: Path) -> Administrator:
    """Return the directory's administrator; made up once, kept in a file that only its owner can read."""
    kept = directory / CREDENTIALS
    if kept.exists():
        return Administrator(**json.loads(kept.read_text("utf-8")))
    if (directory / DATABASE).exists():
        raise UserError(f"{directory} holds a Label Studio that was not started by labelloop: use another folder.")
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    admin = Administrator("admin@example.com", secrets.token_urlsafe(18), secrets.token_hex(20))
    write_private(kept, json.dumps(asdict(admin)))
    return admin


def _environment(directory: Path, url: str, admin: Administrator) -> dict[str, str]:
    """Return the whole environment of Label Studio: little of ours, as it reads settings by very common names."""
    home = directory / "home"
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in KEPT_FROM_OUR_ENVIRONMENT if name in os.environ}
    return kept | {
        "LABEL_STUDIO_BASE_DATA_DIR": str(directory),
        "HOME": str(home),  # it writes a user id below the home folder
        "XDG_CONFIG_HOME": str(home / ".config"),
        # The administrator is created at the first start only.
        "LABEL_STUDIO_USERNAME": admin.email,
        "LABEL_STUDIO_PASSWORD": admin.password,
        "LABEL_STUDIO_USER_TOKEN": admin.token,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",  # without it the token exists but is refused
        "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",  # accounts by invitation only
        "LABEL_STUDIO_HOST": url,  # absolute URLs, and what ML backends are told
        # Both switches, or ML backends (the first) and webhooks (the second) on this machine are refused.
        "LABEL_STUDIO_ML_BLOCK_LOCAL_IP": "false",
        "LABEL_STUDIO_SSRF_PROTECTION_ENABLED": "false",
        # Nothing leaves the machine.
        "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
        "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
        "LABEL_STUDIO_SENTRY_DSN": "",
        "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
        # A task that somebody opened and left comes back to the others after half an hour, not after a day.
        "LABEL_STUDIO_TASK_LOCK_TTL": "1800",
        # A bulk push of predictions then costs what it holds, not what the project holds (ten times at 100,000 tasks).
        "fflag_fix_back_4620_memory_efficient_predictions_import_08012025_short": "true",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
        "LOG_LEVEL": "INFO",
    }


def is_up(url: str, log: Path) -> bool:
    """Return whether it answers; raises NeighbourError where it silently moved to another port, as it does if busy."""
    told = log.read_text("utf-8", "replace")
    if MOVED_ON in told:
        raise NeighbourError(f"Another program took the port of {url} meanwhile: try again, or choose another port.")
    if LISTENS not in told:
        return False
    try:
        return bool(httpx.get(f"{url}/health", timeout=2, **http_options(url)).is_success)
    except httpx.TransportError:
        return False


def _check_token(url: str, admin: Administrator, process: Process) -> None:
    try:
        with LabelStudio(url, admin.token, timeout_s=60) as client:
            client.whoami()
    except UserError as error:
        process.stop()
        raise UserError(
            f"Label Studio does not know the administrator in {process.log.parent / CREDENTIALS}: put back the file "
            "that belongs to its database, or use another folder."
        ) from error
