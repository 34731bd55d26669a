"""Everything LabelLoop needs, on this machine: Label Studio, the queue, ML backend, pages, two workers, reconcile."""

import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import httpx

from labelloop.outgoing_requests import http_options
from labelloop.settings import Settings
from workers.local.label_studio import RunningLabelStudio, start_label_studio
from workers.local.private_file import write_private
from workers.local.processes import Process, free_port, start_process, wait_until_up
from workers.local.redis import start_redis
from workers.local.stack import Stack
from workers.local.stack_here import KEPT, LOCAL_ENV

BACKEND_DEADLINE_S = 300.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Kept:
    """What stays the same from one start to the next, so that projects stay connected."""

    backend_password: str
    webhook_secret: str
    label_studio_port: int
    backend_port: int


@dataclass(frozen=True)
class Services:
    """The running services: their settings, and Label Studio with its administrator's log-in."""

    settings: Settings
    label_studio: RunningLabelStudio
    moved: tuple[str, ...]


def start_services(stack: Stack, directory: Path, base: Settings, *, say: Say) -> Services:
    """Start all services in order and wait until they answer; `say` is told what is being waited for.

    Data, secrets and logs are kept in the directory. A port that is busy is replaced by a free one, and `moved` says
    so. A Redis named in `base` (LABELLOOP_REDIS_URL) is used instead of the embedded one.
    """
    home, command = directory / "label-studio", Path(base.label_studio_command)
    port = free_port(_kept(directory, base).label_studio_port)
    say("Label Studio (its first start takes a minute)")
    label_studio = stack.start(lambda: start_label_studio(home, port=port, command=command))
    return start_services_for(label_studio, stack, directory, base, say=say)


def start_services_for(
    label_studio: RunningLabelStudio, stack: Stack, directory: Path, base: Settings, *, say: Say
) -> Services:
    """Start all other services for a Label Studio that runs; the rest is as in `start_services`."""
    directory.mkdir(parents=True, exist_ok=True)
    before = _kept(directory, base)
    say("the job queue")
    given = "redis_url" in base.model_fields_set
    redis_url = base.redis_url if given else stack.start(lambda: start_redis(directory / "queue")).url
    # Looked for as late as this: Label Studio's start leaves others time to take a port.
    port = httpx.URL(label_studio.url).port or before.label_studio_port
    kept = replace(before, label_studio_port=port, backend_port=free_port(before.backend_port))
    write_private(directory / KEPT, json.dumps(asdict(kept)))
    settings = _settings(base, directory, kept, label_studio, redis_url, _pages_port(base, kept))
    variables = environment(settings)
    say("the worker (its first start prepares the sentence encoder)")
    stack.start(lambda: _start(directory, "worker", ["worker"], variables))
    stack.start(lambda: _start(directory, "background-worker", ["worker", "--background"], variables))
    say("the ML backend")
    stack.start(lambda: _start_pages(directory, settings, variables))
    stack.start(lambda: _start_backend(directory, settings, variables))
    stack.start(lambda: _start(directory, "reconcile", ["reconcile", "--every", str(settings.reconcile_s)], variables))
    return Services(settings, label_studio, _moved(before, kept))


@contextmanager
def settings_for_other_commands(settings: Settings) -> Iterator[None]:
    """Let `labelloop` commands in the same folder find the running services, while the block runs."""
    ours = {name: value for name, value in environment(settings).items() if name.startswith("LABELLOOP_")}
    write_private(LOCAL_ENV, "".join(f"{name}={json.dumps(value)}\n" for name, value in ours.items()))
    try:
        yield
    finally:
        LOCAL_ENV.unlink(missing_ok=True)


def _kept(directory: Path, base: Settings) -> Kept:
    """Return the secrets and ports of the directory's last start, or new ones."""
    path = directory / KEPT
    if path.exists():
        return Kept(**json.loads(path.read_text("utf-8")))
    return Kept(secrets.token_urlsafe(24), secrets.token_urlsafe(24), 8080, base.port)


def _moved(before: Kept, now: Kept) -> tuple[str, ...]:
    ports = (
        ("Label Studio", before.label_studio_port, now.label_studio_port),
        ("the ML backend", before.backend_port, now.backend_port),
    )
    return tuple(f"Port {old} is busy: {name} is on {new}." for name, old, new in ports if old != new)


def _pages_port(base: Settings, kept: Kept) -> int:
    """Return a free port that is not the ML backend's, on which nothing listens yet either."""
    return free_port(0 if base.pages_port == kept.backend_port else base.pages_port)


def _settings(
    base: Settings, directory: Path, kept: Kept, label_studio: RunningLabelStudio, redis_url: str, pages_port: int
) -> Settings:
    given = base.model_dump(include=base.model_fields_set)
    ours = {
        "label_studio_url": label_studio.url,
        "label_studio_token": label_studio.token,
        "data_dir": directory,
        "redis_url": redis_url,
        "backend_url": f"http://127.0.0.1:{kept.backend_port}",
        "backend_password": kept.backend_password,
        "webhook_secret": kept.webhook_secret,
        "host": "127.0.0.1",
        "port": kept.backend_port,
        "pages_port": pages_port,
        "pages_service_url": f"http://127.0.0.1:{pages_port}",
    }
    return Settings(**{**given, **ours}, _env_file=None)


def environment(settings: Settings) -> dict[str, str]:
    """Return this process's environment with all our settings in it, secrets in clear: for child processes only."""
    ours = {}
    for name, value in settings:
        plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        ours[f"LABELLOOP_{name.upper()}"] = str(plain.resolve() if isinstance(plain, Path) else plain)
    return {**os.environ, **ours, "PYTHONUNBUFFERED": "1"}


def _start(directory: Path, name: str, arguments: list[str], variables: dict[str, str]) -> Process:
    command = [str(Path(sys.executable).with_name("labelloop")), *arguments]
    return start_process(name, command, log=directory / "logs" / f"{name}.log", env=variables)


def _start_pages(directory: Path, settings: Settings, variables: dict[str, str]) -> Process:
    process = _start(directory, "pages", ["pages"], variables)
    wait_until_up(process, lambda: _is_healthy(settings.pages_service_url), deadline_s=BACKEND_DEADLINE_S)
    return process


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=2, **http_options(url)).is_success
    except httpx.HTTPError:
        return False


def _start_backend(directory: Path, settings: Settings, variables: dict[str, str]) -> Process:
    process = _start(directory, "ml-backend", ["serve"], variables)
    wait_until_up(process, lambda: _is_ours(settings), deadline_s=BACKEND_DEADLINE_S)
    return process


def _is_ours(settings: Settings) -> bool:
    """Return whether the ML backend answers to our password: another program may have taken the port."""
    auth = (settings.backend_user, settings.backend_password.get_secret_value())
    try:
        return httpx.get(
            f"{settings.backend_url}/versions", auth=auth, timeout=2, **http_options(settings.backend_url)
        ).is_success
    except httpx.HTTPError:
        return False
