"""Several fields of a project: what belongs to one of them names it, and the mirror holds an answer for each."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_KEYS = {
    "fits": ["project_id", "round_number", "learner", "encoder", "again", "field"],
    "decisions": ["project_id", "round_number", "challenger", "field"],
    "verdicts": ["project_id", "round_number", "version", "look", "field"],
}


def upgrade() -> None:
    """What was recorded before belongs to the only field that its project looped then, which needs no name."""
    for name in (*_KEYS, "guidelines"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("field", sa.Text(), nullable=False, server_default=""))
    for name, key in _KEYS.items():
        with op.batch_alter_table(name) as table:
            table.alter_column("field", server_default=None)
            table.drop_constraint(f"one_{name}", type_="unique")
            table.create_unique_constraint(f"one_{name}", key)
    with op.batch_alter_table("guidelines") as table:
        table.alter_column("field", server_default=None)
    with op.batch_alter_table("mirror_annotations") as table:
        table.add_column(sa.Column("field", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("place", sa.Integer(), nullable=False, server_default="0"))
        table.drop_constraint("one_mirror_annotations", type_="unique")
        table.create_unique_constraint("one_mirror_annotations", ["project_id", "annotation_id", "field"])
