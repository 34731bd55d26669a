"""Texts that an LLM answered unreadably, to be counted by reason."""

import sqlalchemy as sa

from labelloop.stores.migrations.new_tables import create_table

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """What was answered before is counted when it is next asked."""
    create_table(
        "llm_unreadable",
        sa.Column("text_digest", sa.String(32), nullable=False),
        sa.Column("round_number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        unique=("text_digest",),
    )
