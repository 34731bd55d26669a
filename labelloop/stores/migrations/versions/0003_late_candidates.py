"""Late candidates: a round may have several decisions and verdicts; a version that cannot be measured says why."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Decisions are one for each challenger of a round, verdicts one for each version; evaluations have a failure."""
    with op.batch_alter_table("evaluations") as table:
        table.add_column(sa.Column("failure", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("evaluations") as table:
        table.alter_column("failure", server_default=None)
    for name, column in (("decisions", "challenger"), ("verdicts", "version")):
        with op.batch_alter_table(name) as table:
            table.drop_constraint(f"one_{name}", type_="unique")
            table.create_unique_constraint(f"one_{name}", ["project_id", "round_number", column])
