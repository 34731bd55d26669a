"""What the mirror leaves out, by number, so that it can be compared with Label Studio's counts."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Nothing counts as left out until the first comparison finds otherwise."""
    for table, column in (
        ("mirror_tasks", "left_out"),
        ("mirror_cursors", "unread_tasks"),
        ("mirror_cursors", "unread_annotations"),
    ):
        op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=False, server_default="0"))
