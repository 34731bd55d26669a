"""Encoders of fits: each names the one it was fitted with, and a round may be fitted anew."""

import sqlalchemy as sa
from alembic import op

from labelloop.stores.ledger_tables import UtcDateTime
from labelloop.stores.migrations.new_tables import create_table

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Fits of before name no encoder: it was that of the settings."""
    with op.batch_alter_table("fits") as table:
        table.add_column(sa.Column("encoder", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("again", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("fits") as table:
        table.alter_column("encoder", server_default=None)
        table.alter_column("again", server_default=None)
        table.drop_constraint("one_fits", type_="unique")
        table.create_unique_constraint("one_fits", ["project_id", "round_number", "learner", "encoder", "again"])
    create_table(
        "refit_orders",
        sa.Column("round_number", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("artifact", sa.String(500), nullable=False),
        unique=["round_number", "number"],
    )
