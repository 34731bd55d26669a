"""Pinned versions, and steps back that lead one further each time."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Deployments so far are unpinned; those by `labelloop rollback` are known by their reason."""
    columns = ("pinned", "rolled_back")
    with op.batch_alter_table("deployments") as table:
        for name in columns:
            table.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("deployments") as table:
        for name in columns:
            table.alter_column(name, server_default=None)
    deployments = sa.table("deployments", sa.column("reason", sa.Text), sa.column("rolled_back", sa.Boolean))
    was = deployments.c.reason == "rolled back by command"
    op.execute(deployments.update().where(was).values(rolled_back=sa.true()))
