"""The first tables."""

import sqlalchemy as sa
from alembic import op

from labelloop.stores.ledger_tables import UtcDateTime
from labelloop.stores.migrations.new_tables import create_fact_table, create_table

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    create_fact_table(
        "connections",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
    )
    create_fact_table(
        "decisions",
        sa.Column("round_number", sa.Integer(), nullable=False),
        sa.Column("challenger", sa.String(length=200), nullable=False),
        sa.Column("champion", sa.String(length=200), nullable=False),
        sa.Column("winner", sa.String(length=200), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        unique=["round_number"],
    )
    create_fact_table(
        "deployments",
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
    )
    create_fact_table(
        "evaluations",
        sa.Column("round_number", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("agreement", sa.Float(), nullable=True),
        sa.Column("agreement_low", sa.Float(), nullable=True),
        sa.Column("agreement_high", sa.Float(), nullable=True),
        sa.Column("human_agreement", sa.Float(), nullable=True),
        sa.Column("human_low", sa.Float(), nullable=True),
        sa.Column("human_high", sa.Float(), nullable=True),
        sa.Column("accuracy", sa.Float(), nullable=True),
        sa.Column("macro_f1", sa.Float(), nullable=True),
        sa.Column("ms_per_text", sa.Float(), nullable=False),
        unique=["round_number", "version"],
    )
    create_fact_table(
        "fits",
        sa.Column("round_number", sa.Integer(), nullable=False),
        sa.Column("learner", sa.String(length=200), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        unique=["round_number", "learner"],
    )
    named = sa.text("version != ''")
    op.create_index(
        "one_version", "fits", ["project_id", "version"], unique=True, sqlite_where=named, postgresql_where=named
    )
    create_table(
        "mirror_annotations",
        sa.Column("annotation_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("judged_at", UtcDateTime(), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("shown_prediction", sa.BigInteger(), nullable=True),
        sa.Column("lead_time", sa.Float(), nullable=True),
        sa.Column("skipped", sa.Boolean(), nullable=False),
        sa.Column("ground_truth", sa.Boolean(), nullable=False),
        unique=["annotation_id"],
    )
    op.create_index("mirror_annotations_by_task", "mirror_annotations", ["project_id", "task_id"], unique=False)
    create_table(
        "mirror_cursors",
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("reading", sa.String(length=200), nullable=False),
        unique=["reading"],
    )
    create_table(
        "mirror_tasks",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        unique=["task_id"],
    )
    create_fact_table(
        "publications",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("round_number", sa.Integer(), nullable=False),
        sa.Column("tasks", sa.Integer(), nullable=False),
        sa.Column("blind", sa.Integer(), nullable=False),
        unique=["name"],
    )
    create_table(
        "roles",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        unique=["task_id"],
    )
    create_fact_table(
        "rounds",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("schema_number", sa.Integer(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("train", sa.Integer(), nullable=False),
        sa.Column("new_train", sa.Integer(), nullable=False),
        sa.Column("audit", sa.Integer(), nullable=False),
        sa.Column("annotations", sa.Integer(), nullable=False),
        unique=["number"],
    )
    create_fact_table(
        "schemas",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("label_config", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=200), nullable=False),
        unique=["number"],
    )
