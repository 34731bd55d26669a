"""The audit trail: who changed what, and from where."""

import sqlalchemy as sa

from labelloop.stores.ledger_tables import UtcDateTime
from labelloop.stores.migrations.new_tables import create_table

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """What was done before is in no trail."""
    create_table(
        "actions",
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("artifact", sa.String(length=500), nullable=False),
        sa.Column("action", sa.String(length=200), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
    )
