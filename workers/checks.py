"""What `labelloop doctor` asks of this machine and its neighbours; each check returns what it found."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import httpx
from redis.exceptions import RedisError

from labelloop.errors import LabelLoopError, UserError
from labelloop.settings import Settings
from labelloop.steps.project import ProjectView
from labelloop.stores.rebuild import rows
from sync.client import LabelStudio
from sync.wiring import SECRET_HEADER
from workers.connect import wiring_of
from workers.job_list import failed_jobs, workers_alive
from workers.queue import Bell

GIB, MIB = 2**30, 2**20
LITTLE_DISK, NO_DISK = GIB, 100 * MIB
TIMEOUT_S = 5.0


class Level(StrEnum):
    """`fault` stops the loop or misleads people, `warn` may, `ok` is fine."""

    OK = "ok"
    WARN = "warn"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what to do about it if anything."""

    level: Level
    what: str
    advice: str = ""


def credentials(settings: Settings) -> Finding:
    """Say whether the ML backend asks for credentials."""
    try:
        settings.require_credentials()
    except UserError as error:
        return Finding(Level.FAULT, "The credentials of the ML backend are not set.", str(error))
    return Finding(Level.OK, "The credentials of the ML backend are set.")


def disk(settings: Settings) -> Finding:
    """Say whether there is room in the data folder."""
    folder = settings.data_dir.resolve()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free >= LITTLE_DISK:
        return Finding(Level.OK, f"{free / GIB:.1f} GiB are free in {folder}.")
    level = Level.FAULT if free < NO_DISK else Level.WARN
    return Finding(level, f"Only {free / MIB:.0f} MiB are free in {folder}.", "Make room, or run `labelloop gc`.")


def queue(bell: Bell) -> Iterator[Finding]:
    """Say whether Redis answers, a worker is alive, and jobs have failed."""
    try:
        alive, failed = workers_alive(bell), failed_jobs(bell)
        background, slow_jobs = workers_alive(bell, background=True), bell.background.count
    except RedisError as error:
        advice = "Start Redis, or check LABELLOOP_REDIS_URL. No label is lost meanwhile."
        yield Finding(Level.FAULT, f"Redis does not answer ({error}).", advice)
        return
    yield Finding(Level.OK, "Redis answers.")
    if alive:
        yield Finding(Level.OK, f"{alive} worker{'s are' if alive > 1 else ' is'} alive.")
    else:
        yield Finding(Level.FAULT, "No worker is alive, so nothing is learned.", "Start one: labelloop worker")
    if slow_jobs and not background:
        advice = "Start one: labelloop worker --background"
        yield Finding(Level.WARN, "No background worker is alive, so slow learners are not fitted.", advice)
    for job in failed:
        advice = "Mend the cause; it is tried again at the next label, or by `labelloop reconcile`."
        yield Finding(Level.WARN, f"The job {job.job} failed: {job.error}", advice)


def backend(settings: Settings) -> Iterator[Finding]:
    """Say whether the ML backend answers at the address that Label Studio is told, and takes our credentials."""
    url = settings.backend_url.rstrip("/")
    start = "Start it (labelloop serve), or check LABELLOOP_BACKEND_URL."
    try:
        asked = [
            httpx.get(f"{url}/{path}", auth=_login(settings), timeout=TIMEOUT_S) for path in ("health", "versions")
        ]
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        yield Finding(Level.FAULT, f"The ML backend at {url} does not answer ({error}).", start)
        return
    wrong = [answer.status_code for answer in asked if not answer.is_success]
    if 401 in wrong:
        advice = "Give it the same LABELLOOP_BACKEND_USER and LABELLOOP_BACKEND_PASSWORD as here, and restart it."
        yield Finding(Level.FAULT, f"The ML backend at {url} refuses our credentials.", advice)
    elif wrong:
        yield Finding(Level.FAULT, f"What answers at {url} is not our ML backend (HTTP {wrong[0]}).", start)
    else:
        yield Finding(Level.OK, f"The ML backend answers at {url}.")


def doorbell(settings: Settings, project_id: int) -> Finding:
    """Ring the project's webhook as Label Studio does."""
    wiring = wiring_of(settings)
    url = wiring.webhook_url(project_id)
    try:
        answer = httpx.post(url, json={}, headers={SECRET_HEADER: wiring.webhook_secret}, timeout=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding(Level.FAULT, f"The webhook {url} is silent ({error}).", "Start the ML backend: labelloop serve")
    if answer.status_code == 401:
        advice = "Give the ML backend the same LABELLOOP_WEBHOOK_SECRET as here, restart it, then connect again."
        return Finding(Level.FAULT, f"The webhook {url} refuses our secret.", advice)
    if not answer.is_success:
        advice = f"Run `labelloop connect {project_id}`; is the ML backend's data folder the same as here?"
        return Finding(Level.FAULT, f"The webhook {url} fails (HTTP {answer.status_code}).", advice)
    if "later" in answer.text:
        advice = "Check LABELLOOP_REDIS_URL where the ML backend runs. `labelloop reconcile` collects meanwhile."
        return Finding(Level.FAULT, "The ML backend cannot reach Redis.", advice)
    return Finding(Level.OK, "The webhook answers.")


def label_studio(client: LabelStudio) -> Iterator[Finding]:
    """Say whether Label Studio answers and takes the token."""
    try:
        version, user = client.version(), client.whoami()
    except LabelLoopError as error:
        yield Finding(Level.FAULT, f"Label Studio at {client.url} cannot be used.", str(error))
        return
    yield Finding(Level.OK, f"Label Studio {version} answers, as {user.email or user.username}.")


def artifacts(view: ProjectView) -> Finding:
    """Say whether every fact of the project has its files."""
    store = view.book.artifacts
    present, named = set(store.names()), [record.artifact for record in rows(view.ledger, [view.id])]
    missing = [name for name in named if name not in present]
    if missing:
        advice = "Restore them from a backup; `labelloop ledger check` looks at every file."
        shown = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
        return Finding(Level.FAULT, f"{len(missing)} artifacts are missing below {store.root}: {shown}.", advice)
    return Finding(Level.OK, f"All {len(named)} artifacts are there.")


def _login(settings: Settings) -> tuple[str, str]:
    return settings.backend_user, settings.backend_password.get_secret_value()
