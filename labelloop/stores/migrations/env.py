"""Alembic's entry: the connection is handed in by `open_engine`."""

from alembic import context

from labelloop.stores.ledger_tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
