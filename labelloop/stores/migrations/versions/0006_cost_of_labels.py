"""Cost of labels: what 1,000 answers of a version cost, by the price table."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """What was measured so far cost no money, or nobody asked."""
    with op.batch_alter_table("evaluations") as table:
        table.add_column(sa.Column("cost_per_1000", sa.Float(), nullable=False, server_default="0.0"))
    with op.batch_alter_table("evaluations") as table:
        table.alter_column("cost_per_1000", server_default=None)
