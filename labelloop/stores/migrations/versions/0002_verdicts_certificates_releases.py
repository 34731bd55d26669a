"""Verdicts, certificates, releases."""

import sqlalchemy as sa

from labelloop.stores.migrations.new_tables import create_fact_table, create_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Verdicts, certificates, releases."""
    create_fact_table(
        "certificates",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("allowed", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("automated", sa.Float(), nullable=False),
        sa.Column("max_error", sa.Float(), nullable=False),
        sa.Column("delta", sa.Float(), nullable=False),
        unique=["number"],
    )
    create_fact_table(
        "certify_draws",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("pool", sa.Integer(), nullable=False),
        sa.Column("max_error", sa.Float(), nullable=False),
        sa.Column("delta", sa.Float(), nullable=False),
        unique=["number"],
    )
    create_table(
        "certify_tasks",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        unique=["number", "task_id"],
    )
    create_fact_table(
        "release_chunks",
        sa.Column("certificate", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tasks", sa.Integer(), nullable=False),
        unique=["certificate", "number"],
    )
    create_fact_table(
        "release_orders",
        sa.Column("certificate", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("tasks", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
    )
    create_fact_table(
        "releases",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("certificate", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("tasks", sa.Integer(), nullable=False),
        sa.Column("by_people", sa.Integer(), nullable=False),
        sa.Column("by_model", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        unique=["number"],
    )
    create_fact_table(
        "verdicts",
        sa.Column("round_number", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("look", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=200), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("gap", sa.Float(), nullable=True),
        sa.Column("gap_low", sa.Float(), nullable=True),
        sa.Column("margin", sa.Float(), nullable=False),
        sa.Column("labels_needed", sa.Integer(), nullable=True),
        sa.Column("audit_needed", sa.Integer(), nullable=True),
        unique=["round_number"],
    )
