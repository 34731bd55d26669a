"""What projects spend on LLMs, in the ledger: a cap holds over all hosts that share it."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, case, delete, func, insert, select, update

from labelloop.llm import cost_caps as spending
from labelloop.llm.cost_caps import Bill, Limits, Spent, keep_cap, keep_pace
from labelloop.llm.cost_center import CostCenter
from labelloop.stores.ledger import take_lock
from labelloop.stores.ledger_tables import LLM_REQUESTS as REQUESTS
from labelloop.stores.llm_unreadable import keep_unreadable, unreadable_answers
from labelloop.stores.old_llm_costs import OLD_ID, take_over

_LOCK = 727275


class LlmCosts:
    """Implements CostLedger. `old_file` is where 0.1.0 kept the costs of this machine: they are taken over once.

    Every method raises NeighbourError where the ledger does not answer or the old file cannot be read.
    """

    def __init__(self, engine: Engine, old_file: Path) -> None:
        self._engine, self._old_file = engine, old_file
        self._took_over = False

    def reserve(self, cost_center: CostCenter, model: str, most: Bill, limits: Limits) -> str:
        """Enter a request that is about to be sent and return its id.

        Raises CapReached where its project might spend more than the cap, TooFast where the server would refuse it. The
        pace is that of all hosts, too: the server counts by key. One request at a time is entered, on whatever host.
        """
        self._take_over()
        now, request_id = datetime.now(UTC), uuid.uuid4().hex
        spent = select(func.coalesce(func.sum(REQUESTS.c.cost), 0.0)).where(
            REQUESTS.c.project_id == cost_center.project_id
        )
        with self._transaction() as connection:
            keep_cap(cost_center.project_id, connection.execute(spent).scalar_one(), most, limits.cap)
            if limits.requests_per_minute or limits.tokens_per_minute:
                keep_pace(_recent(connection, now), most, limits)
            connection.execute(
                insert(REQUESTS).values(
                    project_id=cost_center.project_id,
                    round_number=cost_center.round_number,
                    request_id=request_id,
                    model=model,
                    created_at=now,
                    settled=False,
                    **asdict(most),
                )
            )
        return request_id

    def settle(self, request_id: str, bill: Bill) -> None:
        """Put what a request did cost in the place of what it can have cost."""
        with self._transaction() as connection:
            found = REQUESTS.c.request_id == request_id
            connection.execute(update(REQUESTS).where(found).values(settled=True, **asdict(bill)))

    def release(self, request_id: str) -> None:
        """Strike out a request that was refused, and so costs nothing."""
        with self._transaction() as connection:
            connection.execute(delete(REQUESTS).where(REQUESTS.c.request_id == request_id))

    def answered(self, cost_center: CostCenter, answers: Mapping[str, str]) -> None:
        """Keep of which texts the answer is none, and why; see `keep_unreadable`."""
        if any(answers.values()) or unreadable_answers(self._engine, cost_center.project_id):
            with self._transaction() as connection:
                keep_unreadable(connection, cost_center, answers)

    def by_round(self, project_id: int) -> dict[int, Spent]:
        """Return what a project spent in each round."""
        self._take_over()
        table = REQUESTS.c
        sums = [func.sum(column) for column in (table.tokens_in, table.tokens_out, table.cost)]
        query = (
            select(table.round_number, func.count(), *sums, func.sum(case((table.settled, 0), else_=1)))
            .where(table.project_id == project_id)
            .group_by(table.round_number)
            .order_by(table.round_number)
        )
        with self._engine.connect() as connection:
            return {number: Spent(*figures) for number, *figures in connection.execute(query)}

    def spent(self, project_id: int) -> Spent:
        """Return what a project spent in all."""
        return sum(self.by_round(project_id).values(), Spent())

    def dearest(self, project_id: int) -> float:
        """Return what the most expensive request of a project has cost, or may have cost; 0 before the first."""
        self._take_over()
        query = select(func.coalesce(func.max(REQUESTS.c.cost), 0.0)).where(REQUESTS.c.project_id == project_id)
        with self._engine.connect() as connection:
            return float(connection.execute(query).scalar_one())

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Yield a transaction beside which no other of its kind runs.

        With SQLite a power cut may lose the last ones, a crash does not: requests do not wait until the disk has each.
        """
        with self._engine.connect() as connection:
            _synchronous(connection, "NORMAL")
            try:
                with connection.begin():
                    take_lock(connection, _LOCK)
                    yield connection
            finally:
                _synchronous(connection, "FULL")

    def _take_over(self) -> None:
        if not self._took_over:
            take_over(self._old_file, self._add)
            self._took_over = True

    def _add(self, rows: list[dict[str, Any]]) -> None:
        with self._transaction() as connection:
            known = select(REQUESTS.c.request_id).where(REQUESTS.c.request_id.startswith(OLD_ID))
            held = set(connection.execute(known).scalars())
            if new := [row for row in rows if row["request_id"] not in held]:
                connection.execute(insert(REQUESTS), new)


def _synchronous(connection: Connection, how: str) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA synchronous = {how}")
        connection.commit()


def _recent(connection: Connection, now: datetime) -> list[tuple[float, int]]:
    table = REQUESTS.c
    query = select(table.created_at, table.tokens_in + table.tokens_out).order_by(table.created_at)
    rows = connection.execute(query.where(table.created_at > now - timedelta(seconds=spending.MINUTE_S)))
    return [((now - created_at).total_seconds(), tokens) for created_at, tokens in rows]
