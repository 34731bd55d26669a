"""What the tables have in common that migrations create: later ones may not change what these functions do."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from labelloop.stores.ledger_tables import UtcDateTime


def create_table(name: str, *columns: sa.Column[Any], unique: Sequence[str] = ()) -> None:
    """Create a table with an id and an indexed project; within a project no two rows share the `unique` columns."""
    op.create_table(
        name,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("project_id", sa.Integer(), nullable=False),
        *columns,
        *([sa.UniqueConstraint("project_id", *unique, name=f"one_{name}")] if unique else []),
    )
    op.create_index(f"ix_{name}_project_id", name, ["project_id"])


def create_fact_table(name: str, *columns: sa.Column[Any], unique: Sequence[str] = ()) -> None:
    """Create the table of a kind of record as 0.1.0 had it: with the moment, `at`, and the name of its artifact."""
    at: sa.Column[Any] = sa.Column("at", UtcDateTime(), nullable=False)
    create_table(name, *columns, at, sa.Column("artifact", sa.String(length=500), nullable=False), unique=unique)
