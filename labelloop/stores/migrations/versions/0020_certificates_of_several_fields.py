"""Attempts to certify several fields at once: draws, certificates and answers name the field that they are about."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_KEYS = {
    "certify_draws": ["project_id", "number", "field"],
    "certificates": ["project_id", "number", "field"],
    "release_chunks": ["project_id", "certificate", "number", "field"],
}


def upgrade() -> None:
    """What was recorded before is about the field of its version, and needs no name."""
    for name, key in _KEYS.items():
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("field", sa.Text(), nullable=False, server_default=""))
        with op.batch_alter_table(name) as table:
            table.alter_column("field", server_default=None)
            table.drop_constraint(f"one_{name}", type_="unique")
            table.create_unique_constraint(f"one_{name}", key)
