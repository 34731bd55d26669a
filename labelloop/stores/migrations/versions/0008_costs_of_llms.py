"""Costs of LLMs: every request, so that a cap holds over all hosts that share the ledger."""

import sqlalchemy as sa
from alembic import op

from labelloop.stores.ledger_tables import UtcDateTime
from labelloop.stores.migrations.new_tables import create_table

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """What each machine kept in its `llm.sqlite` comes in when it is next asked for (`stores/llm_costs.py`)."""
    create_table(
        "llm_requests",
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("round_number", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("tokens_in", sa.Integer(), nullable=False),
        sa.Column("tokens_out", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
    )
    op.create_index("one_llm_request", "llm_requests", ["request_id"], unique=True)
    op.create_index("llm_requests_by_time", "llm_requests", ["created_at"])
    op.create_index("llm_requests_by_cost", "llm_requests", ["project_id", "cost"])
