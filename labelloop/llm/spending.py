"""What was spent on LLMs: tokens and money by project and round, with a cap that is asked before every request."""

import sqlite3
import time
from dataclasses import dataclass

from labelloop.errors import UserError
from labelloop.llm.account import Account
from labelloop.llm.file import File

MINUTE_S = 60.0


class CapReached(UserError):
    """The next request might cost more than the project may still spend."""


class TooFast(Exception):
    """The limits per minute are reached; the next request may be sent after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Bill:
    """What a request costs, or costs at most."""

    tokens_in: int
    tokens_out: int
    cost: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What a project may spend in all, and what the server takes in a minute, 0 for any number."""

    cap: float
    requests_per_minute: int = 0
    tokens_per_minute: int = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """What requests cost in all; `unknown` of them were never answered, and count with the most they can have cost."""

    requests: int
    tokens_in: int
    tokens_out: int
    cost: float
    unknown: int = 0


class Spending:
    """The ledger of requests. One that was sent stands in it from before, at the most it can cost."""

    def __init__(self, file: File) -> None:
        self._file = file

    def reserve(self, account: Account, model: str, most: Bill, limits: Limits) -> int:
        """Enter a request that is about to be sent and return its number.

        Raises CapReached where its project might spend more than the cap, TooFast where the server would refuse it.
        """
        now = time.time()
        with self._file.transaction() as connection:
            _keep_cap(connection, account.project_id, most, limits.cap)
            _keep_pace(connection, now, most, limits)
            row = (account.project_id, account.round_number, model, now, most.tokens_in, most.tokens_out, most.cost)
            entered = connection.execute(
                "INSERT INTO request (project_id, round_number, model, at, tokens_in, tokens_out, cost, known) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
                row,
            )
            return int(entered.lastrowid or 0)

    def settle(self, number: int, bill: Bill) -> None:
        """Put what a request did cost in the place of what it can have cost."""
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE request SET tokens_in = ?, tokens_out = ?, cost = ?, known = 1 WHERE id = ?",
                (bill.tokens_in, bill.tokens_out, bill.cost, number),
            )

    def release(self, number: int) -> None:
        """Strike out a request that was refused, and so costs nothing."""
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM request WHERE id = ?", (number,))

    def spent(self, project_id: int) -> Spent:
        """Return what a project spent in all."""
        rounds = self.by_round(project_id).values()
        return Spent(
            sum(one.requests for one in rounds),
            sum(one.tokens_in for one in rounds),
            sum(one.tokens_out for one in rounds),
            sum(one.cost for one in rounds),
            sum(one.unknown for one in rounds),
        )

    def by_round(self, project_id: int) -> dict[int, Spent]:
        """Return what a project spent in each round."""
        with self._file.transaction() as connection:
            rows = connection.execute(
                "SELECT round_number, COUNT(*), SUM(tokens_in), SUM(tokens_out), SUM(cost), SUM(1 - known) "
                "FROM request WHERE project_id = ? GROUP BY round_number ORDER BY round_number",
                (project_id,),
            ).fetchall()
        return {number: Spent(*figures) for number, *figures in rows}


def _keep_cap(connection: sqlite3.Connection, project_id: int, most: Bill, cap: float) -> None:
    query = "SELECT COALESCE(SUM(cost), 0) FROM request WHERE project_id = ?"
    (spent,) = connection.execute(query, (project_id,)).fetchone()
    if most.cost > 0 and spent + most.cost > cap:
        raise CapReached(
            f"The LLM's cap is reached: project {project_id} spent {spent:.4f} of {cap:g}, and the next request may "
            f"cost {most.cost:.4f}. Raise LABELLOOP_LLM_CAP to go on; what was answered is kept and not paid again."
        )


def _keep_pace(connection: sqlite3.Connection, now: float, most: Bill, limits: Limits) -> None:
    query = "SELECT at, tokens_in + tokens_out FROM request WHERE at > ? ORDER BY at"
    recent = connection.execute(query, (now - MINUTE_S,)).fetchall()
    tokens, wait = most.tokens_in + most.tokens_out, 0.0
    while recent and not _fits(tokens, [size for _, size in recent], limits):
        at, _ = recent.pop(0)
        wait = at + MINUTE_S - now
    if wait > 0:
        raise TooFast(wait)


def _fits(tokens: int, sizes: list[int], limits: Limits) -> bool:
    few = not limits.requests_per_minute or len(sizes) < limits.requests_per_minute
    return few and (not limits.tokens_per_minute or tokens + sum(sizes) <= limits.tokens_per_minute)
