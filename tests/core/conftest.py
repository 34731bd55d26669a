"""What the tests of the core share: empty databases, SQLite and PostgreSQL, and made-up projects."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from labelloop.rules import Rules
from labelloop.stores.ledger import open_engine
from tests.core.databases import new_database, postgres
from tests.core.made_up import RULES, MadeUp, Make


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Yield the URL of a real PostgreSQL, shared by the session."""
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the URL of an empty database: SQLite, then PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / '100% 数据.sqlite'}"
        return
    with new_database(request.getfixturevalue("postgres_url")) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Yield an open ledger's engine on each database."""
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make a project with these Rules and tasks 1 to n."""
    made: list[MadeUp] = []

    def build(rules: Rules = RULES, tasks: int = 120, **more: object) -> MadeUp:
        made.append(MadeUp(tmp_path, rules, **more))  # type: ignore[arg-type]
        made[-1].add(range(1, tasks + 1))
        return made[-1]

    yield build
    for world in made:
        world.book.ledger.engine.dispose()
