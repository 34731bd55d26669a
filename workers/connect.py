"""Take a project into the loop, and out of it again."""

from dataclasses import dataclass
from datetime import UTC, datetime

from labelloop.domain.records import Connection
from labelloop.domain.schema import Field
from labelloop.errors import NotFound
from labelloop.plugins import learner, strategy
from labelloop.rules import Rules
from labelloop.settings import Settings
from labelloop.steps.project import ProjectView
from labelloop.stores.book import Book
from sync import connect as wires
from sync.connect import Wiring
from workers.bootstrap import Tools
from workers.exchange import looped_field, record_schema


@dataclass(frozen=True, slots=True)
class Connected:
    """What `connect` did: `changed` is false where the project was connected with these Rules already.

    `prior` counts the annotations it had before it was ever connected; skipped ones are no judgement.
    """

    connection: Connection
    rules: Rules
    field: Field
    tasks: int
    prior: int
    changed: bool


def wiring_of(settings: Settings) -> Wiring:
    """Return how Label Studio reaches our ML backend and shows that it is Label Studio."""
    return Wiring(
        settings.backend_url,
        settings.backend_user,
        settings.backend_password.get_secret_value(),
        settings.webhook_secret.get_secret_value(),
    )


def connect(tools: Tools, project_id: int, rules: Rules | None = None) -> Connected:
    """Wire the project to us in Label Studio, record it with its Rules and ring its bell; may be run any time again.

    Without `rules` those of the connection before stay, or the defaults. If the wiring fails nothing is recorded.
    """
    tools.settings.require_credentials()
    before = tools.book.ledger.newest(Connection, project_id)
    rules = rules or (Rules.model_validate_json(before.rules) if before else Rules())
    _check_plugins(rules)
    project = tools.label_studio.project(project_id)
    field = looped_field(project.label_config, rules, project_id)
    wires.connect(tools.label_studio, project_id, wiring_of(tools.settings))
    connection = Connection(project_id, project.title, rules.model_dump_json(), active=True, at=datetime.now(UTC))
    changed = before is None or not _same(before, connection)
    try:
        record_schema(ProjectView(tools.book, project_id), project.label_config, field)
        if changed:
            _record(tools.book, connection)
    except Exception:
        if before is None or not before.active:
            wires.disconnect(tools.label_studio, project_id, wiring_of(tools.settings))
        raise
    tools.bell.ring(project_id)
    tools.bell.announce(project_id)
    # The project's own figures leave out ground truth, which imported annotations are by default.
    tasks, annotations = tools.label_studio.counts(project_id)
    return Connected(connection, rules, field, tasks, 0 if before else annotations, changed)


def disconnect(tools: Tools, project_id: int) -> bool:
    """Take the project out of the loop; return False if it was not in it. What was recorded stays."""
    known = tools.book.ledger.newest(Connection, project_id)
    try:
        wires.disconnect(tools.label_studio, project_id, wiring_of(tools.settings))
    except NotFound:
        if known is None:
            raise
    if known is None or not known.active:
        return False
    _record(tools.book, Connection(project_id, known.title, known.rules, active=False, at=datetime.now(UTC)))
    tools.bell.announce(project_id)
    return True


def _record(book: Book, connection: Connection) -> None:
    number = len(book.ledger.all(Connection, connection.project_id)) + 1
    book.record(connection, f"connection-{number}")


def _check_plugins(rules: Rules) -> None:
    strategy(rules.strategy)
    for recipe in rules.learners:
        learner(recipe)


def _same(one: Connection, other: Connection) -> bool:
    return (one.title, one.rules, one.active) == (other.title, other.rules, other.active)
