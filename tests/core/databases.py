"""The databases that the ledger runs on, for tests that must hold on each of them."""

import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine


@contextmanager
def postgres() -> Iterator[str]:
    """Run a real PostgreSQL for the block; yields its URL without the name of a database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where XDG_RUNTIME_DIR is not set, pgserver's imports say so
        from pgserver.postgres_server import PostgresServer
    # In a folder of its own: as root the server runs as another user, who may not enter pytest's folders.
    server = PostgresServer(Path(tempfile.mkdtemp(prefix="labelloop-postgres-")), cleanup_mode="delete")
    try:
        yield str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """Yield the URL of an empty database of the server."""
    name = f"labelloop_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield admin.url.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()
