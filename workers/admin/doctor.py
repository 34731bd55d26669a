"""Look at everything the loop needs and say in plain words what is wrong."""

from collections.abc import Iterator
from contextlib import ExitStack

from sqlalchemy.exc import SQLAlchemyError

from labelloop.domain.records import Connection, Publication, SchemaVersion
from labelloop.errors import LabelLoopError, NotConnected
from labelloop.finding import Finding, Level
from labelloop.settings import Settings
from labelloop.stores.book import Book
from sync.api.client import LabelStudio
from sync.check_wiring import check_wiring
from workers.admin import health_checks as checks
from workers.admin.answer_report import project_findings
from workers.admin.notify_checks import notify_findings
from workers.admin.wiring_of_settings import wiring_of
from workers.jobs.open_stores import open_bell, open_book

QUICK_S = 15.0


def examine(settings: Settings, project_id: int | None = None) -> list[Finding]:
    """Return what was found, for one project or for all that are connected; only reads.

    Only settings that cannot be read are raised, as UserError; every other trouble is a finding.
    """
    with ExitStack() as stack:
        bell = open_bell(settings)
        stack.callback(bell.redis.close)
        book, opened = _ledger(settings, stack)
        projects = list(_projects(book, project_id)) if book is not None else None
        found = [
            checks.credentials(settings),
            checks.disk(settings),
            *checks.proxies(settings),
            *checks.queue(bell, projects),
            *checks.backend(settings),
            *([checks.pages(settings)] if settings.pages_service_url else []),
        ]
        client, answers = _label_studio(settings, stack)
        found += [*answers, *opened]
        if book is not None:
            for id_ in projects or ():
                found += [_named(id_, one) for one in checks.serving(bell, id_)]
                found += _project(settings, book, id_, client)
    return list(dict.fromkeys(found))


def _label_studio(settings: Settings, stack: ExitStack) -> tuple[LabelStudio | None, list[Finding]]:
    token = settings.label_studio_token.get_secret_value()
    timeout_s = min(QUICK_S, settings.label_studio_timeout_s)
    try:
        client = stack.enter_context(
            LabelStudio(settings.label_studio_url, token, timeout_s=timeout_s, attempts=2, ca_bundle=settings.ca_bundle)
        )
    except LabelLoopError as error:
        return None, [Finding(Level.FAULT, "Label Studio cannot be asked.", str(error))]
    found = list(checks.label_studio(client))
    return (None if any(one.level is Level.FAULT for one in found) else client), found


def _ledger(settings: Settings, stack: ExitStack) -> tuple[Book | None, list[Finding]]:
    advice = "Check LABELLOOP_DATABASE_URL and LABELLOOP_DATA_DIR; is the disk full?"
    try:
        book = open_book(settings)
    except (LabelLoopError, SQLAlchemyError, OSError) as error:
        return None, [Finding(Level.FAULT, f"The ledger cannot be opened: {error}", advice)]
    stack.callback(book.ledger.engine.dispose)
    return book, [Finding(Level.OK, "The ledger answers.")]


def _projects(book: Book, project_id: int | None) -> Iterator[int]:
    for id_ in [project_id] if project_id is not None else book.ledger.projects():
        connection = book.ledger.newest(Connection, id_)
        if connection is not None and connection.active:
            yield id_
        elif project_id is not None:
            raise NotConnected(id_)


def _project(settings: Settings, book: Book, project_id: int, client: LabelStudio | None) -> Iterator[Finding]:
    yield _named(project_id, checks.artifacts(book, project_id))
    yield _named(project_id, checks.doorbell(settings, project_id))
    for one in checks.encoder(settings, book, project_id):
        yield _named(project_id, one)
    named = (*checks.renamed_labels(book, project_id), *checks.not_asked_of_llm(settings, book, project_id))
    for one in (*named, *project_findings(book, project_id), *notify_findings(settings, book, project_id)):
        yield _named(project_id, one)
    if client is None:
        return
    if gone := checks.deleted(client, project_id):
        yield _named(project_id, gone)
        return
    yield from (_named(project_id, one) for one in checks.mirror(client, book, project_id))
    published = book.ledger.newest(Publication, project_id)
    schema = book.ledger.newest(SchemaVersion, project_id)
    wrong = check_wiring(
        client,
        project_id,
        wiring_of(settings),
        model_version=published.name if published else None,
        label_config=schema.label_config if schema else "",
    )
    for one in wrong or [Finding(Level.OK, "Label Studio is wired as it should be.")]:
        yield _named(project_id, one)


def _named(project_id: int, found: Finding) -> Finding:
    return Finding(found.level, f"Project {project_id}: {found.what}", found.advice)
