"""Why an annotation has no answer, and why a task cannot be read, in the mirror."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """The next look at Label Studio fills both."""
    op.add_column("mirror_annotations", sa.Column("unanswered", sa.String(40), nullable=True))
    op.add_column("mirror_tasks", sa.Column("unreadable", sa.Text(), nullable=True))
