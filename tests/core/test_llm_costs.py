"""Costs of LLMs in the ledger: one cap for all processes and hosts, and the old file of each machine is moved once."""

import multiprocessing
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Engine

from labelloop.errors import NeighbourError
from labelloop.llm import cost_caps as spending
from labelloop.llm.cost_caps import Bill, CapReached, Limits, Spent, TooFast
from labelloop.llm.cost_center import CostCenter
from labelloop.stores import old_llm_costs
from labelloop.stores.ledger import open_engine
from labelloop.stores.llm_costs import LlmCosts

HERE = CostCenter(12, 3)
MOST = Bill(100, 50, 1.0)
OLD = (Path(__file__).parents[1] / "data/llm_costs_of_0_1_0.sql").read_text("utf-8")
SPENT = {
    12: {1: Spent(3, 33, 30, 5.1e-05 * 3, 0), 2: Spent(3, 122, 70, 5.1e-05 * 2 + 2.5, 1)},
    13: {1: Spent(1, 7, 10, 4.7e-05, 0)},
}


@pytest.fixture
def costs(engine: Engine, tmp_path: Path) -> LlmCosts:
    """Return the costs in an empty ledger, on each database."""
    return LlmCosts(engine, tmp_path / "llm.sqlite")


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """Return a file as 0.1.0 left it: two projects, three rounds, one request that never came back."""
    path = tmp_path / "llm.sqlite"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(OLD)
        old.execute("PRAGMA journal_mode = WAL")
    return path


def test_a_request_is_entered_at_its_most_and_settled_at_its_price(costs: LlmCosts) -> None:
    """One that is refused leaves nothing; another project has its own account."""
    entries = [costs.reserve(HERE, "m", MOST, Limits(10.0)) for _ in range(3)]
    costs.settle(entries[0], Bill(90, 10, 0.25))
    costs.release(entries[1])

    assert costs.by_round(12) == {3: Spent(2, 190, 60, 1.25, unknown=1)}
    assert costs.spent(12) == Spent(2, 190, 60, 1.25, unknown=1)
    assert costs.spent(13) == Spent()


def test_the_cap_is_the_project_s(costs: LlmCosts) -> None:
    """Over all its rounds; what costs nothing is never refused."""
    for number in (1, 2):
        costs.reserve(CostCenter(12, number), "m", MOST, Limits(2.0))
    with pytest.raises(CapReached, match="project 12 spent 2"):
        costs.reserve(HERE, "m", MOST, Limits(2.0))
    costs.reserve(CostCenter(13, 1), "m", MOST, Limits(2.0))
    costs.reserve(HERE, "m", Bill(100, 50, 0.0), Limits(2.0))


@pytest.mark.parametrize("limits", [Limits(9.0, requests_per_minute=2), Limits(9.0, tokens_per_minute=449)])
def test_the_pace_is_that_of_all_projects(costs: LlmCosts, limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server counts by key; after a minute, here a short one, there is room again."""
    for project in (1, 2):
        costs.reserve(CostCenter(project, 1), "m", MOST, limits)
    with pytest.raises(TooFast) as refused:
        costs.reserve(CostCenter(3, 1), "m", MOST, limits)
    assert 50 < refused.value.seconds <= 60
    monkeypatch.setattr(spending, "MINUTE_S", 0.0)
    costs.reserve(CostCenter(3, 1), "m", MOST, limits)


def _spend(url: str, old: Path, start: Barrier, cap: float) -> None:
    engine = open_engine(url)
    costs = LlmCosts(engine, old)
    start.wait()
    while True:
        try:
            entry = costs.reserve(HERE, "m", MOST, Limits(cap))
        except CapReached:
            break
        costs.settle(entry, MOST)
    engine.dispose()


def test_a_cap_holds_over_all_hosts(database_url: str, tmp_path: Path) -> None:
    """Four processes, each with a data folder of its own, spend to the cap together, and no further."""
    engine = open_engine(database_url)
    processes = multiprocessing.get_context("spawn")
    start = processes.Barrier(4)
    hosts = [
        processes.Process(target=_spend, args=(database_url, tmp_path / str(host), start, 40.5)) for host in range(4)
    ]
    for host in hosts:
        host.start()
    for host in hosts:
        host.join(300)

    assert [host.exitcode for host in hosts] == [0] * 4
    assert LlmCosts(engine, tmp_path / "none").spent(12) == Spent(40, 4000, 2000, 40.0, 0)
    engine.dispose()


def test_what_a_machine_spent_before_counts_once(engine: Engine, old_file: Path) -> None:
    """The old file's rows are in the ledger, the cap holds with them, and the file holds no costs any more."""
    costs = LlmCosts(engine, old_file)
    with pytest.raises(CapReached, match=r"spent 2\.5003 of 3"):
        costs.reserve(HERE, "m", MOST, Limits(3.0))

    for again in (costs, LlmCosts(engine, old_file)):
        assert {project: again.by_round(project) for project in SPENT} == SPENT
    with closing(sqlite3.connect(old_file)) as old:
        tables = {name for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == {"answer", "request_in_ledger"}


def test_two_machines_bring_what_each_spent(engine: Engine, old_file: Path, tmp_path: Path) -> None:
    """A copy of the same file brings nothing new."""
    other, copy = tmp_path / "other.sqlite", tmp_path / "copy.sqlite"
    for path, moment in ((other, "1.7959"), (copy, "1.79595596")):
        with closing(sqlite3.connect(path)) as old:
            old.executescript(OLD.replace("1.79595596", moment))
    for path in (old_file, copy, other):
        LlmCosts(engine, path).spent(12)

    assert LlmCosts(engine, old_file).spent(13).requests == 2


def test_a_crash_between_ledger_and_file_counts_nothing_twice(
    engine: Engine, old_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows stand in the ledger, the file still holds them: the next process finds both."""
    with monkeypatch.context() as broken:
        broken.setattr(old_llm_costs, "_MOVE", ("ALTER TABLE nowhere RENAME TO else_where",))
        with pytest.raises(NeighbourError, match="moved into the ledger"):
            LlmCosts(engine, old_file).spent(12)

    assert LlmCosts(engine, old_file).by_round(12) == SPENT[12]


def test_processes_that_come_at_once_move_it_once(database_url: str, old_file: Path) -> None:
    """One moves the rows while the others wait; all see the same sum."""
    engines = [open_engine(database_url) for _ in range(4)]
    start = Barrier(4)

    def read(engine: Engine) -> dict[int, Spent]:
        start.wait()
        return LlmCosts(engine, old_file).by_round(12)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(read, engines)) == [SPENT[12]] * 4
    for engine in engines:
        engine.dispose()


def test_an_old_file_that_cannot_be_read_stops_everything(engine: Engine, tmp_path: Path) -> None:
    """Without it nobody knows what was spent; where there is none, none is made."""
    path = tmp_path / "llm.sqlite"
    assert LlmCosts(engine, path).spent(12) == Spent()
    assert not path.exists()
    path.write_bytes(b"this is no database, and never was one" * 50)
    with pytest.raises(NeighbourError, match=r"llm\.sqlite"):
        LlmCosts(engine, path).reserve(HERE, "m", MOST, Limits(10.0))
