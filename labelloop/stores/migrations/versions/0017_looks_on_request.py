"""Looks on request: a round may have another verdict on the same version, where the lead asks for a look."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Looks that were counted so far stay counted."""
    with op.batch_alter_table("verdicts") as table:
        table.drop_constraint("one_verdicts", type_="unique")
        table.create_unique_constraint("one_verdicts", ["project_id", "round_number", "version", "look"])
