"""Sources of rules: where each rule of a project came from."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Nobody wrote down where the rules so far came from."""
    with op.batch_alter_table("connections") as table:
        table.add_column(sa.Column("sources", sa.Text(), nullable=False, server_default="{}"))
    with op.batch_alter_table("connections") as table:
        table.alter_column("sources", server_default=None)
