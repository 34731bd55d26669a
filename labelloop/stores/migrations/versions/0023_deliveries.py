"""What was told to whom outside, and what could not be."""

import sqlalchemy as sa

from labelloop.stores.ledger_tables import UtcDateTime
from labelloop.stores.migrations.new_tables import create_table

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Nothing was told before."""
    create_table(
        "deliveries",
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("artifact", sa.String(length=500), nullable=False),
        sa.Column("event", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        unique=("event", "key", "address", "attempt"),
    )
