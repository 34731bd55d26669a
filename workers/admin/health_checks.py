"""What `labelloop doctor` asks of this machine and its neighbours; each check returns what it found."""

import shutil
from collections.abc import Collection, Iterator

import httpx
from redis.exceptions import RedisError

from labelloop.domain.languages import languages
from labelloop.domain.long_texts import long_texts
from labelloop.encoders.encoder_spec import in_words
from labelloop.errors import LabelLoopError, NotFound, UserError
from labelloop.finding import Finding, Level
from labelloop.formatting import counted
from labelloop.outgoing_requests import http_options, proxy_for, untrusted
from labelloop.settings import Settings
from labelloop.state.load import load
from labelloop.state.rename_offers import rename_offers
from labelloop.steps.encoder_by_texts import look_at, texts_in_mirror
from labelloop.stores.book import Book
from labelloop.stores.mirror import Counts
from sync.api.client import LabelStudio
from sync.wiring import SECRET_HEADER
from workers.admin.wiring_of_settings import wiring_of
from workers.jobs.job_queue import Bell
from workers.jobs.job_status import FailedJob, failed_jobs, project_of, workers_alive
from workers.jobs.signs_of_life import is_reconciled, unloadable

GIB, MIB = 2**30, 2**20
LITTLE_DISK, NO_DISK = GIB, 100 * MIB
TIMEOUT_S = 5.0


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


def queue(bell: Bell, projects: Collection[int] | None = None) -> Iterator[Finding]:
    """Say whether Redis answers, all that works on the queues is alive, and jobs of these projects (or all) failed."""
    try:
        alive, background, slow_jobs = workers_alive(bell), workers_alive(bell, background=True), bell.background.count
        failed, reconciles = failed_jobs(bell), is_reconciled(bell.redis)
    except RedisError as error:
        advice = "Start Redis, or check LABELLOOP_REDIS_URL. No label is lost meanwhile."
        yield Finding(Level.FAULT, f"Redis does not answer ({error}).", advice)
        return
    yield Finding(Level.OK, "Redis answers.")
    if alive:
        yield Finding(Level.OK, f"{counted(alive, 'worker')} {'is' if alive == 1 else 'are'} alive.")
    else:
        yield Finding(Level.FAULT, "No worker is alive, so nothing is learned.", "Start one: labelloop worker")
    yield _background(background, slow_jobs)
    if reconciles:
        yield Finding(Level.OK, "`reconcile` looks at every project from time to time.")
    else:
        what = "No `reconcile` is alive, so what a webhook misses is not found."
        yield Finding(Level.WARN, what, "Start one: labelloop reconcile --every 60")
    for job in failed:
        if projects is None or project_of(job.job) in projects:
            yield failed_for_good(job)


def failed_for_good(job: FailedJob) -> Finding:
    """Say which job failed, and why."""
    advice = "Fix the cause; it is retried at the next label, or by `labelloop reconcile`."
    return Finding(Level.WARN, f"The job {job.job} failed: {job.error}", advice)


def _background(alive: int, waiting: int) -> Finding:
    if alive:
        return Finding(Level.OK, f"{counted(alive, 'background worker')} {'is' if alive == 1 else 'are'} alive.")
    what = "No background worker is alive, so slow learners are not fitted"
    wait = f": {counted(waiting, 'fit')} {'waits' if waiting == 1 else 'wait'}" if waiting else ""
    return Finding(Level.FAULT if waiting else Level.WARN, f"{what}{wait}.", "Start one: labelloop worker --background")


def serving(bell: Bell, project_id: int) -> Iterator[Finding]:
    """Say which version the ML backend could not load."""
    try:
        found = unloadable(bell.redis, project_id)
    except RedisError:  # told already
        return
    if found is not None:
        what = f"The ML backend cannot load {found.version}, so another version answers, or none: {found.reason}"
        advice = (
            "`labelloop ledger check` looks at its files: restore them from a backup, or go back a version: "
            f"labelloop rollback {project_id}"
        )
        yield Finding(Level.FAULT, what, advice)


def backend(settings: Settings) -> Iterator[Finding]:
    """Say whether the ML backend answers at the address that Label Studio is told, and takes our credentials."""
    url = settings.backend_url.rstrip("/")
    login = (settings.backend_user, settings.backend_password.get_secret_value())
    start = "Start it (labelloop serve), or check LABELLOOP_BACKEND_URL."
    try:
        how = http_options(url, settings.ca_bundle)
        responses = [
            httpx.get(f"{url}/{path}", auth=login, timeout=TIMEOUT_S, **how) for path in ("health", "versions")
        ]
    except (httpx.HTTPError, httpx.InvalidURL, UserError) as error:
        refused = untrusted(f"the ML backend at {url}", error)
        words = str(refused) if refused else f"The ML backend at {url} does not answer ({error})."
        yield Finding(Level.FAULT, words, "" if refused else start)
        return
    wrong = [answer.status_code for answer in responses if not answer.is_success]
    if 401 in wrong:
        advice = "Give it the same LABELLOOP_BACKEND_USER and LABELLOOP_BACKEND_PASSWORD as here, and restart it."
        yield Finding(Level.FAULT, f"The ML backend at {url} refuses our credentials.", advice)
    elif wrong:
        yield Finding(Level.FAULT, f"What answers at {url} is not our ML backend (HTTP {wrong[0]}).", start)
    else:
        yield Finding(Level.OK, f"The ML backend answers at {url}.")


def pages(settings: Settings) -> Finding:
    """Say whether the process answers that makes the pages for the ML backend."""
    url = settings.pages_service_url.rstrip("/")
    try:
        httpx.get(f"{url}/health", timeout=TIMEOUT_S, **http_options(url, settings.ca_bundle)).raise_for_status()
    except httpx.HTTPError as error:
        advice = "Start it (labelloop pages), or check LABELLOOP_PAGES_SERVICE_URL."
        return Finding(Level.FAULT, f"The process that makes the pages, at {url}, does not answer ({error}).", advice)
    return Finding(Level.OK, f"The process that makes the pages answers at {url}.")


def doorbell(settings: Settings, project_id: int) -> Finding:
    """Say whether the project's webhook would be heard; it is not rung."""
    wiring = wiring_of(settings)
    url = wiring.webhook_url(project_id)
    try:
        how = http_options(url, settings.ca_bundle)
        answer = httpx.get(url, headers={SECRET_HEADER: wiring.webhook_secret}, timeout=TIMEOUT_S, **how)
    except (httpx.HTTPError, httpx.InvalidURL, UserError) as error:
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


def proxies(settings: Settings) -> Iterator[Finding]:
    """Name the proxies of the environment that neighbours are asked through; those of this machine never are."""
    asked = {
        "Label Studio": settings.label_studio_url,
        "The ML backend": settings.backend_url,
        "The LLM": settings.llm_base_url,
    }
    for who, url in asked.items():
        if url and (proxy := proxy_for(url)):
            advice = "If it shall be asked directly, add its host to NO_PROXY."
            yield Finding(Level.WARN, f"{who} at {url} is asked through {proxy}.", advice)


def label_studio(client: LabelStudio) -> Iterator[Finding]:
    """Say whether Label Studio answers and takes the token."""
    try:
        version, user = client.version(), client.whoami()
    except LabelLoopError as error:
        yield Finding(Level.FAULT, f"Label Studio at {client.url} cannot be used.", str(error))
        return
    yield Finding(Level.OK, f"Label Studio {version} answers, as {user.email or user.username}.")


def mirror(client: LabelStudio, book: Book, project_id: int) -> Iterator[Finding]:
    """Say whether Label Studio counts as many tasks and annotations as are known here."""
    known, cursor = book.mirror(project_id).counts(), book.mirror(project_id).cursor()
    try:
        there = Counts(*client.counts(project_id))
    except LabelLoopError:
        return  # whatever is wrong is a finding of the wiring
    unread = cursor.unread if cursor else Counts()
    if there != known + unread:
        yield Finding(
            Level.WARN,
            f"Label Studio counts {_counts(there)}, but {_counts(known + unread)} are known here.",
            "Ask again in a minute: a worker takes in what was just saved. If it stays, read everything anew: "
            f"labelloop resync {project_id}",
        )
    elif unread != Counts():
        yield Finding(
            Level.WARN,
            f"Label Studio counts {_counts(there)}, but {_counts(known)} can be read.",
            f"The worker's log names those that cannot; read them anew: labelloop resync {project_id}",
        )
    else:
        yield Finding(Level.OK, f"All {_counts(known)} of Label Studio are known here.")


def _counts(found: Counts) -> str:
    return f"{counted(found.tasks, 'task')} and {counted(found.annotations, 'annotation')}"


def encoder(settings: Settings, book: Book, project_id: int) -> Iterator[Finding]:
    """Say whether the project's encoder suits its texts, and whether the version that serves was fitted with it."""
    state = load(book, project_id)
    if not state.fields:
        return
    texts, fitted = texts_in_mirror(book, state), bool(state.looped.fits)
    found = languages(texts)
    seen = look_at(state.rules, found, project_id, setting=settings.encoder, fitted=fitted)
    long = long_texts(texts, tokens=settings.encoder_max_tokens, windows=state.rules.windows)
    for warning in filter(None, (seen.warning, long.sentence(project_id) if long.cut else "")):
        what, _, advice = warning.partition(": ")
        yield Finding(Level.WARN, f"{what}.", f"{advice[:1].upper()}{advice[1:]}")
    outdated = [one for one in state.by_field if one.deployed and one.looped.is_outdated(one.deployed)]
    for one in outdated:
        serves = one.deployed
        assert serves is not None
        old, new = in_words(one.looped.encoder_of(serves)), in_words(state.encoder)
        what = f"{serves.version}, which serves, was fitted with the encoder {old}; the project's is {new}."
        advice = f"A worker fits the newest round anew by itself; if nothing happens: labelloop refit {project_id}"
        yield Finding(Level.WARN, what, advice)
    if not outdated and not seen.warning:
        yield Finding(Level.OK, f"The encoder is {in_words(state.encoder)} (texts: {found}).")


def deleted(client: LabelStudio, project_id: int) -> Finding | None:
    """Say if Label Studio has no such project any more."""
    try:
        client.project(project_id)
    except NotFound:
        advice = f"If it was deleted, take it out of the loop: labelloop disconnect {project_id}"
        return Finding(Level.FAULT, "Label Studio has no such project, or not for this account.", advice)
    except LabelLoopError:
        return None
    return None


def artifacts(book: Book, project_id: int) -> Finding:
    """Say whether every fact of the project has its files."""
    store = book.artifacts
    present, named = set(store.names()), [record.artifact for record in book.ledger.facts(project_id)]
    missing = [name for name in named if name not in present]
    if missing:
        advice = "Restore them from a backup; `labelloop ledger check` looks at every file."
        shown = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
        return Finding(Level.FAULT, f"{len(missing)} artifacts are missing below {store.root}: {shown}.", advice)
    return Finding(Level.OK, f"All {len(named)} artifacts are there.")


def renamed_labels(book: Book, project_id: int) -> Iterator[Finding]:
    """Say which labels stopped counting and may only have been renamed."""
    offers = [offer for state in load(book, project_id).by_field for offer in rename_offers(book, state)]
    for offer in offers:
        what, _, advice = offer.sentence(project_id).partition("; ")
        yield Finding(Level.WARN, f"{what}.", advice)


def not_asked_of_llm(settings: Settings, book: Book, project_id: int) -> Iterator[Finding]:
    """Say of which fields an LLM that is set up says nothing."""
    fields = [one.field.name for one in load(book, project_id).by_field if one.field.is_about_pairs]
    if fields and settings.llm_base_url:
        yield Finding(Level.OK, f"No LLM is asked about {', '.join(fields)}: other learners learn relations.")
