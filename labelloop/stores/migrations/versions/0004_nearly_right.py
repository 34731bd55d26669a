"""Nearly right: from which likeness on an answer counts as right in an attempt to certify."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Attempts so far counted only what is exactly right."""
    with op.batch_alter_table("certify_draws") as table:
        table.add_column(sa.Column("at_least", sa.Float(), nullable=False, server_default="1.0"))
    with op.batch_alter_table("certify_draws") as table:
        table.alter_column("at_least", server_default=None)
