"""Guidelines: what LLMs are told, how it came about, and what the lead says of it."""

import sqlalchemy as sa

from labelloop.stores.migrations.new_tables import create_fact_table

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Two new tables."""
    create_fact_table(
        "guidelines",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("round_number", sa.Integer(), nullable=False),
        sa.Column("learner", sa.String(length=200), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("outcome", sa.String(length=200), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("basis", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("before", sa.Float(), nullable=True),
        sa.Column("after", sa.Float(), nullable=True),
        sa.Column("p_value", sa.Float(), nullable=True),
        sa.Column("cost", sa.Float(), nullable=False),
        unique=["number"],
    )
    create_fact_table(
        "guideline_rulings",
        sa.Column("guideline", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False),
    )
