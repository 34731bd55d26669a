"""Labels put back: how many tasks of a publication are to be labelled anew."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Until now no audit task was put back, and those are what the number is for."""
    with op.batch_alter_table("publications") as table:
        table.add_column(sa.Column("put_back", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("publications") as table:
        table.alter_column("put_back", server_default=None)
