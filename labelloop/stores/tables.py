"""The ledger's tables: one per record, columns named as the record's fields; UNIQUE constraints decide races."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
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


def _fact(name: str, *columns: Column[Any], unique: tuple[str, ...] = ()) -> Table:
    return _table(
        name,
        *columns,
        Column("at", UtcDateTime, nullable=False),
        Column("artifact", String(500), nullable=False),
        unique=unique,
    )


def _text(name: str) -> Column[Any]:
    return Column(name, Text, nullable=False)


def _name(name: str) -> Column[Any]:
    return Column(name, String(200), nullable=False)


def _count(name: str) -> Column[Any]:
    return Column(name, Integer, nullable=False)


def _number(name: str) -> Column[Any]:
    return Column(name, Float, nullable=False)


def _share(name: str) -> Column[Any]:
    return Column(name, Float, nullable=True)


FACTS: dict[type[Any], Table] = {
    records.Connection: _fact("connections", _text("title"), _text("rules"), Column("active", Boolean, nullable=False)),
    records.SchemaVersion: _fact(
        "schemas", _count("number"), _text("label_config"), _text("field"), _name("digest"), unique=("number",)
    ),
    records.ClosedRound: _fact(
        "rounds",
        _count("number"),
        _count("schema_number"),
        _text("because"),
        _count("train"),
        _count("new_train"),
        _count("audit"),
        _count("annotations"),
        unique=("number",),
    ),
    records.Fit: _fact(
        "fits",
        _count("round_number"),
        _name("learner"),
        _name("version"),
        _text("failure"),
        _count("labels"),
        _number("seconds"),
        unique=("round_number", "learner"),
    ),
    records.Evaluation: _fact(
        "evaluations",
        _count("round_number"),
        _name("version"),
        _count("n"),
        *map(_share, ("agreement", "agreement_low", "agreement_high")),
        *map(_share, ("human_agreement", "human_low", "human_high", "accuracy", "macro_f1")),
        _number("ms_per_text"),
        _number("cost_per_1000"),
        _text("failure"),
        unique=("round_number", "version"),
    ),
    records.Decision: _fact(
        "decisions",
        _count("round_number"),
        _name("challenger"),
        _name("champion"),
        _name("winner"),
        _text("because"),
        unique=("round_number", "challenger"),
    ),
    records.Deployment: _fact("deployments", _name("version"), _text("because")),
    records.Publication: _fact(
        "publications",
        _name("name"),
        _name("version"),
        _count("round_number"),
        _count("tasks"),
        _count("blind"),
        unique=("name",),
    ),
    records.Verdict: _fact(
        "verdicts",
        _count("round_number"),
        _name("version"),
        _count("look"),
        _name("outcome"),
        _text("because"),
        _count("n"),
        *map(_share, ("gap", "gap_low")),
        _number("margin"),
        Column("labels_needed", Integer, nullable=True),
        Column("audit_needed", Integer, nullable=True),
        unique=("round_number", "version"),
    ),
    records.CertifyDraw: _fact(
        "certify_draws",
        _count("number"),
        _name("version"),
        *map(_count, ("n", "pool")),
        *map(_number, ("max_error", "delta", "at_least")),
        unique=("number",),
    ),
    records.Certificate: _fact(
        "certificates",
        _count("number"),
        _name("version"),
        Column("granted", Boolean, nullable=False),
        _text("because"),
        *map(_count, ("n", "errors", "allowed")),
        *map(_number, ("threshold", "automated", "max_error", "delta")),
        unique=("number",),
    ),
    records.ReleaseOrder: _fact(
        "release_orders",
        _count("certificate"),
        _name("version"),
        _count("tasks"),
        Column("active", Boolean, nullable=False),
    ),
    records.ReleaseChunk: _fact(
        "release_chunks", *map(_count, ("certificate", "number", "tasks")), unique=("certificate", "number")
    ),
    records.Release: _fact(
        "releases",
        *map(_count, ("number", "certificate")),
        _name("version"),
        *map(_count, ("tasks", "by_people", "by_model", "left_out")),
        unique=("number",),
    ),
    records.Guideline: _fact(
        "guidelines",
        *map(_count, ("number", "round_number")),
        *map(_name, ("learner", "origin", "outcome")),
        _text("because"),
        *map(_count, ("basis", "n")),
        *map(_share, ("before", "after", "p_value")),
        _number("cost"),
        unique=("number",),
    ),
    records.GuidelineRuling: _fact(
        "guideline_rulings", _count("guideline"), Column("accepted", Boolean, nullable=False), _count("newest")
    ),
}

# The tasks of each attempt to certify, beside the role they were drawn with; those of the newest attempt are CERTIFY.
CERTIFY_TASKS = _table("certify_tasks", _count("number"), _count("task_id"), unique=("number", "task_id"))

ROLES = _table("roles", _count("task_id"), Column("role", String(20), nullable=False), unique=("task_id",))

# The mirror: what Label Studio last said. It is no fact of ours and may be dropped and pulled again.
MIRROR_TASKS = _table(
    "mirror_tasks",
    _count("task_id"),
    _text("text"),
    Column("fingerprint", String(32), nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    unique=("task_id",),
)
MIRROR_ANNOTATIONS = _table(
    "mirror_annotations",
    _count("annotation_id"),
    _count("task_id"),
    _count("annotator_id"),
    Column("kind", String(20), nullable=True),
    Column("labels", JSON, nullable=False),
    Column("judged_at", UtcDateTime, nullable=False),
    _name("origin"),
    Column("shown_prediction", BigInteger, nullable=True),
    Column("lead_time", Float, nullable=True),
    Column("skipped", Boolean, nullable=False),
    Column("ground_truth", Boolean, nullable=False),
    unique=("annotation_id",),
)
MIRROR_CURSORS = _table(
    "mirror_cursors", Column("since", UtcDateTime, nullable=False), _name("reading"), unique=("reading",)
)
Index("mirror_annotations_by_task", MIRROR_ANNOTATIONS.c.project_id, MIRROR_ANNOTATIONS.c.task_id)

# No two fits may give their models the same name; a fit that nothing came out of has none.
_FITS = FACTS[records.Fit]
_NAMED = _FITS.c.version != ""
Index("one_version", _FITS.c.project_id, _FITS.c.version, unique=True, sqlite_where=_NAMED, postgresql_where=_NAMED)
