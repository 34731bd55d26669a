"""Take a project into the loop, and out of it again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from labelloop.domain.records import Connection, SchemaVersion
from labelloop.domain.schema import Field
from labelloop.encoders.names import check_name
from labelloop.errors import NotFound
from labelloop.plugins import learner, strategy
from labelloop.rules import Rules
from labelloop.settings import Settings
from labelloop.state.load import load
from labelloop.state.rules_in_force import sources_after
from labelloop.steps.trail import enter
from labelloop.stores.book import Book
from sync.project_link import add_link, remove_link
from sync.wire_project import unwire, wire
from workers.admin.wiring_of_settings import wiring_of
from workers.jobs.annotator_instructions import guidelines_for_people, instructions_of, write_instructions
from workers.jobs.app_context import AppContext
from workers.jobs.label_studio_sync import record_schema
from workers.jobs.looped_fields import looped_fields, refuse_unknown_fields


@dataclass(frozen=True, slots=True)
class Connected:
    """What `connect` did: `changed` is false where the project was connected with these Rules already.

    `instructed` tells whether it wrote the labelling instructions, or changed them.
    """

    connection: Connection
    rules: Rules
    fields: tuple[Field, ...]
    tasks: int
    changed: bool
    instructed: bool


def connect(
    context: AppContext, project_id: int, rules: Rules | None = None, *, sources: Mapping[str, str] | None = None
) -> Connected:
    """Wire the project to us in Label Studio, record it with its Rules and ring its bell; may be run any time again.

    Without `rules` those of the connection before stay, or the defaults; `sources` says where those come from that were
    given. If the wiring fails nothing is recorded.
    """
    context.settings.require_credentials()
    before = context.book.ledger.newest(Connection, project_id)
    rules = rules or (Rules.stored(before.rules) if before else Rules())
    check_plugins(rules, context.settings)
    project = context.label_studio.project(project_id)
    schemas = context.book.ledger.all(SchemaVersion, project_id)
    refuse_unknown_fields(project.label_config, rules, project_id)
    fields = looped_fields(project.label_config, rules, project_id, schemas)
    wire(context.label_studio, project_id, wiring_of(context.settings))
    after = Connection(
        project_id,
        project.title,
        rules.model_dump_json(),
        active=True,
        sources=sources_after(before, rules, sources or {}),
        created_at=datetime.now(UTC),
    )
    changed = before is None or not _same(before, after)
    try:
        record_schema(context.book, project_id, schemas[-1] if schemas else None, project.label_config, fields)
        if changed:
            record_connection(context.book, after)
    except Exception:
        if before is None or not before.active:
            unwire(context.label_studio, project_id, wiring_of(context.settings))
        raise
    context.bell.ring(project_id)
    context.bell.announce(project_id)
    enter(context.book, project_id, "connect")
    told = _tell_annotators(context, project_id)  # first: it describes a project that has no description
    add_link(context.label_studio, project_id, context.settings.pages_address)
    tasks, _ = context.label_studio.counts(project_id)
    return Connected(after, rules, fields, tasks, changed, told)


def _tell_annotators(context: AppContext, project_id: int) -> bool:
    project, state = context.label_studio.project(project_id), load(context.book, project_id)
    guidelines = guidelines_for_people(context.book, state, context.settings)
    found = instructions_of(context.label_studio, project, [one.field for one in state.fields], guidelines)
    return write_instructions(context.label_studio, project, found)


def disconnect(context: AppContext, project_id: int) -> bool:
    """Take the project out of the loop; return False if it was not in it. What was recorded stays."""
    known = context.book.ledger.newest(Connection, project_id)
    try:
        unwire(context.label_studio, project_id, wiring_of(context.settings))
        remove_link(context.label_studio, project_id)
    except NotFound:
        if known is None:
            raise
    if known is None or not known.active:
        return False
    record_connection(context.book, replace(known, active=False, created_at=datetime.now(UTC), artifact=""))
    enter(context.book, project_id, "disconnect")
    context.bell.announce(project_id)
    return True


def record_connection(book: Book, connection: Connection) -> None:
    """Record that from now on the project is connected, or not, with these Rules."""
    number = len(book.ledger.all(Connection, connection.project_id)) + 1
    book.record(connection, f"connection-{number}")


def check_plugins(rules: Rules, settings: Settings) -> None:
    """Raise UserError if the Rules name a strategy, an encoder or a learner that there is not."""
    strategy(rules.strategy)
    if rules.encoder:
        check_name(rules.encoder)
    for spec in rules.learners:
        learner(spec)
        name, _, argument = spec.partition(":")
        if name == "remote":
            from sync.remote.address import address, refuse_ourselves  # they load what learners load
            from workers.jobs.models_of_settings import remote_access

            refuse_ourselves(address(argument), remote_access(settings))


def _same(one: Connection, other: Connection) -> bool:
    return replace(one, created_at=other.created_at, artifact=other.artifact) == other
