"""The report of each round, as it was after its verdict."""

import sqlalchemy as sa

from labelloop.stores.ledger_tables import UtcDateTime
from labelloop.stores.migrations.new_tables import create_table

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """No report was kept before."""
    create_table(
        "round_reports",
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("artifact", sa.String(length=500), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        unique=("number",),
    )
