"""Look at everything the loop needs and say in plain words what is wrong."""

from collections.abc import Iterator
from contextlib import ExitStack

from sqlalchemy.exc import SQLAlchemyError

from labelloop.domain.records import Connection, Publication
from labelloop.errors import LabelLoopError, NotConnected
from labelloop.settings import Settings
from labelloop.steps.project import ProjectView
from labelloop.stores.book import Book
from sync.client import LabelStudio
from sync.connect import Severity, findings
from workers import checks
from workers.bootstrap import open_bell, open_book
from workers.checks import Finding, Level
from workers.connect import wiring_of

QUICK_S = 15.0


def examine(settings: Settings, project_id: int | None = None) -> list[Finding]:
    """Return what was found, for one project or for all that are connected; changes nothing.

    Only settings that cannot be read are raised, as UserError; every other trouble is a finding.
    """
    with ExitStack() as stack:
        bell = open_bell(settings)
        stack.callback(bell.redis.close)
        found = [checks.credentials(settings), checks.disk(settings), *checks.queue(bell), *checks.backend(settings)]
        client, said = _label_studio(settings, stack)
        book, kept = _ledger(settings, stack)
        found += [*said, *kept]
        if book is not None:
            for view in _projects(book, project_id):
                found += _project(settings, view, client)
    return list(dict.fromkeys(found))


def _label_studio(settings: Settings, stack: ExitStack) -> tuple[LabelStudio | None, list[Finding]]:
    token = settings.label_studio_token.get_secret_value()
    timeout_s = min(QUICK_S, settings.label_studio_timeout_s)
    try:
        client = stack.enter_context(LabelStudio(settings.label_studio_url, token, timeout_s=timeout_s, attempts=2))
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


def _projects(book: Book, project_id: int | None) -> Iterator[ProjectView]:
    for id_ in [project_id] if project_id is not None else book.ledger.projects():
        connection = book.ledger.newest(Connection, id_)
        if connection is not None and connection.active:
            yield ProjectView(book, id_)
        elif project_id is not None:
            raise NotConnected(id_)


def _project(settings: Settings, view: ProjectView, client: LabelStudio | None) -> Iterator[Finding]:
    yield _named(view, checks.artifacts(view))
    yield _named(view, checks.doorbell(settings, view.id))
    if client is None:
        return
    published = view.ledger.newest(Publication, view.id)
    wrong = findings(client, view.id, wiring_of(settings), model_version=published.name if published else None)
    for one in wrong:
        level = Level.FAULT if one.severity is Severity.ERROR else Level.WARN
        yield _named(view, Finding(level, one.problem, one.advice))
    if not wrong:
        yield _named(view, Finding(Level.OK, "Label Studio is wired as it should be."))


def _named(view: ProjectView, found: Finding) -> Finding:
    return Finding(found.level, f"Project {view.id}: {found.what}", found.advice)
