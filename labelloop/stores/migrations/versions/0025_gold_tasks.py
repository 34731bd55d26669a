"""Settled audit tasks that one more person is asked about."""

import sqlalchemy as sa

from labelloop.stores.ledger_tables import UtcDateTime
from labelloop.stores.migrations.new_tables import create_table

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """No task was put back to check people before."""
    create_table(
        "gold_tasks",
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("artifact", sa.String(length=500), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("round_number", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("last_annotation", sa.Integer(), nullable=False),
        unique=("task_id", "last_annotation"),
    )
