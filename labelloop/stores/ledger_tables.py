"""The ledger's tables: one per record, columns named as the record's fields; UNIQUE constraints decide races."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, get_args, get_type_hints

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from labelloop.domain import records
from labelloop.domain.action_record import Action
from labelloop.domain.adjudication_record import Adjudication
from labelloop.domain.delivery_record import Delivery
from labelloop.domain.gold_record import GoldTask
from labelloop.domain.guideline_records import Guideline, GuidelineRuling
from labelloop.domain.report_record import RoundReport


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite forgets time zones, PostgreSQL answers in its own, so they are put right on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - given
        """Store the moment as UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - given
        """Give the moment its time zone back."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


metadata = MetaData()

_LONG = frozenset(
    {
        *("encoder", "title", "rules", "sources", "label_config", "field", "reason", "failure", "who", "address"),
        *("detail", "value", "note"),
    }
)
"""The texts of records that may be of any length."""


def _table(name: str, *columns: Column[Any], unique: tuple[str, ...] = ()) -> Table:
    constraints = [UniqueConstraint("project_id", *unique, name=f"one_{name}")] if unique else []
    return Table(
        name,
        metadata,
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("project_id", Integer, nullable=False, index=True),
        *columns,
        *constraints,
    )


def _fact(record: type[Any], name: str, *unique: str) -> Table:
    """Return the table of a kind of record: a column for each field, nullable where the field may be None."""
    hints = get_type_hints(record)
    names = [field.name for field in fields(record) if field.name != "project_id"]
    columns = [Column(name, _type(name, hints[name]), nullable=type(None) in get_args(hints[name])) for name in names]
    return _table(name, *columns, unique=unique)


def _type(field: str, hint: Any) -> Any:
    (kind, *_) = get_args(hint) or (hint,)
    if kind is str:
        return Text() if field in _LONG else String(500 if field == "artifact" else 200)
    return {bool: Boolean, int: Integer, float: Float, datetime: UtcDateTime}[kind]()


def _count(name: str) -> Column[Any]:
    return Column(name, Integer, nullable=False)


FACTS: dict[type[Any], Table] = {
    record: _fact(record, *name_and_key)
    for record, *name_and_key in (
        (records.Connection, "connections"),
        (records.SchemaVersion, "schemas", "number"),
        (records.ClosedRound, "rounds", "number"),
        (records.Fit, "fits", "round_number", "learner", "encoder", "again", "field"),
        (records.RefitOrder, "refit_orders", "round_number", "number"),
        (records.Evaluation, "evaluations", "round_number", "version"),
        (records.Decision, "decisions", "round_number", "challenger", "field"),
        (records.Deployment, "deployments"),
        (records.Publication, "publications", "name"),
        (records.Verdict, "verdicts", "round_number", "version", "look", "field"),
        (records.CertifyDraw, "certify_draws", "number", "field"),
        (records.Certificate, "certificates", "number", "field"),
        (records.ReleaseOrder, "release_orders"),
        (records.ReleaseChunk, "release_chunks", "certificate", "number", "field"),
        (records.Release, "releases", "number"),
        (Guideline, "guidelines", "number"),
        (GuidelineRuling, "guideline_rulings"),
        (Action, "actions"),
        (Adjudication, "adjudications"),
        (Delivery, "deliveries", "event", "key", "address", "attempt"),
        (RoundReport, "round_reports", "number"),
        (GoldTask, "gold_tasks", "task_id", "last_annotation"),
    )
}
"""The table of each kind of record; beside the project, what no two of its rows may share."""

# The tasks of each attempt to certify, beside the role they were drawn with; those of the newest attempt are CERTIFY.
CERTIFY_TASKS = _table("certify_tasks", _count("number"), _count("task_id"), unique=("number", "task_id"))

ROLES = _table("roles", _count("task_id"), Column("role", String(20), nullable=False), unique=("task_id",))

# The mirror: what Label Studio last said. It is no fact of ours and may be dropped and pulled again. An annotation has
# a row for each looped field; the first of them has the `place` 0.
MIRROR_TASKS = _table(
    "mirror_tasks",
    _count("task_id"),
    Column("text", Text, nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("left_out", BigInteger, nullable=False, server_default="0"),
    Column("unreadable", Text, nullable=True),
    Column("own", Text, nullable=True),
    unique=("task_id",),
)
MIRROR_ANNOTATIONS = _table(
    "mirror_annotations",
    _count("annotation_id"),
    _count("task_id"),
    _count("annotator_id"),
    Column("kind", String(20), nullable=True),
    Column("value", Text, nullable=True),
    Column("judged_at", UtcDateTime, nullable=False),
    Column("origin", String(200), nullable=False),
    Column("shown_prediction", BigInteger, nullable=True),
    Column("lead_time", Float, nullable=True),
    Column("skipped", Boolean, nullable=False),
    Column("ground_truth", Boolean, nullable=False),
    Column("unanswered", String(40), nullable=True),
    Column("field", Text, nullable=False, server_default=""),
    Column("place", Integer, nullable=False, server_default="0"),
    unique=("annotation_id", "field"),
)
MIRROR_CURSORS = _table(
    "mirror_cursors",
    Column("since", UtcDateTime, nullable=False),
    Column("reading", String(200), nullable=False),
    Column("unread_tasks", BigInteger, nullable=False, server_default="0"),
    Column("unread_annotations", BigInteger, nullable=False, server_default="0"),
    unique=("reading",),
)
Index("mirror_annotations_by_task", MIRROR_ANNOTATIONS.c.project_id, MIRROR_ANNOTATIONS.c.task_id)

# Requests to LLMs. A row is entered before its request is sent, at the most that can cost, and changed once: when it is
# `settled`, or deleted where nothing is charged.
LLM_REQUESTS = _table(
    "llm_requests",
    Column("request_id", String(64), nullable=False),
    _count("round_number"),
    Column("model", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    _count("tokens_in"),
    _count("tokens_out"),
    Column("cost", Float, nullable=False),
    Column("settled", Boolean, nullable=False),
)

# Texts of which an LLM's last answer was none, by the text's digest.
LLM_UNREADABLE = _table(
    "llm_unreadable",
    Column("text_digest", String(32), nullable=False),
    _count("round_number"),
    Column("reason", Text, nullable=False),
    unique=("text_digest",),
)
Index("one_llm_request", LLM_REQUESTS.c.request_id, unique=True)
Index("llm_requests_by_time", LLM_REQUESTS.c.created_at)
Index("llm_requests_by_cost", LLM_REQUESTS.c.project_id, LLM_REQUESTS.c.cost)  # summed before every request

# No two fits may give their models the same name; a fit that nothing came out of has none. In PostgreSQL too, by the
# migration: `postgresql_where` here would make every command load that dialect.
_FITS = FACTS[records.Fit]
_NAMED = _FITS.c.version != ""
Index("one_version", _FITS.c.project_id, _FITS.c.version, unique=True, sqlite_where=_NAMED)
