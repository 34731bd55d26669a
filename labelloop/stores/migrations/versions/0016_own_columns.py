"""Own columns: everything that a task was imported with, in the mirror."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """The next look at Label Studio reads every task anew, and fills them."""
    op.add_column("mirror_tasks", sa.Column("own", sa.Text(), nullable=True))
    op.execute("DELETE FROM mirror_cursors")
