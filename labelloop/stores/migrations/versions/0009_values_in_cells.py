"""The mirror's values as every table has them: their JSON in the column `value`, which was called `labels`."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Every annotation keeps its value."""
    op.execute("ALTER TABLE mirror_annotations ADD COLUMN value TEXT")
    op.execute("UPDATE mirror_annotations SET value = CAST(labels AS TEXT) WHERE kind IS NOT NULL")
    op.execute("ALTER TABLE mirror_annotations DROP COLUMN labels")
