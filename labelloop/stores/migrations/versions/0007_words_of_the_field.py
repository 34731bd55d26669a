"""Words of the field: `reason` and `created_at` as every log has them, `min_similarity` for what counts as right."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TABLES = (
    "connections",
    "schemas",
    "rounds",
    "fits",
    "evaluations",
    "decisions",
    "deployments",
    "publications",
    "verdicts",
    "certify_draws",
    "certificates",
    "release_orders",
    "release_chunks",
    "releases",
    "guidelines",
    "guideline_rulings",
)
_RENAMED = {"because": "reason", "at": "created_at", "at_least": "min_similarity"}


def upgrade() -> None:
    """Every table keeps its rows; only columns get other names."""
    found = sa.inspect(op.get_bind())
    for table in _TABLES:
        columns = {column["name"] for column in found.get_columns(table)}
        for old, new in _RENAMED.items():
            if old in columns:
                op.execute(f'ALTER TABLE {table} RENAME COLUMN "{old}" TO "{new}"')
