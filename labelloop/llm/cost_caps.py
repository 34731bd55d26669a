"""The rules of spending on an LLM: a cap that is asked before every request, and the pace that the server takes."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Protocol

from labelloop.errors import UserError
from labelloop.llm.cost_center import CostCenter

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

    @property
    def tokens(self) -> int:
        """Return the tokens in and out together."""
        return self.tokens_in + self.tokens_out


@dataclass(frozen=True, slots=True)
class Limits:
    """What a project may spend in all, and what the server takes in a minute, 0 for any number."""

    cap: float
    requests_per_minute: int = 0
    tokens_per_minute: int = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """What requests cost in all; `unknown` of them were never answered, and count with the most they can have cost."""

    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    unknown: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))


class CostLedger(Protocol):
    """Where every request is entered before it is sent, at the most it can cost."""

    def reserve(self, cost_center: CostCenter, model: str, most: Bill, limits: Limits) -> str:
        """Enter a request that is about to be sent and return its id.

        Raises CapReached where its project might spend more than the cap, TooFast where the server would refuse it.
        """

    def settle(self, request_id: str, bill: Bill) -> None:
        """Put what a request did cost in the place of what it can have cost."""

    def release(self, request_id: str) -> None:
        """Strike out a request that was refused, and so costs nothing."""

    def answered(self, cost_center: CostCenter, answers: Mapping[str, str]) -> None:
        """Keep, by text, why the answer about it is none, empty where it is one."""


def keep_cap(project_id: int, spent: float, most: Bill, cap: float) -> None:
    """Raise CapReached where a project that spent so much might spend more than the cap with one more request."""
    if most.cost > 0 and spent + most.cost > cap:
        raise CapReached(
            f"The LLM's cap is reached: project {project_id} spent {spent:.4f} of {cap:g}, and the next request may "
            f"cost {most.cost:.4f}. Raise LABELLOOP_LLM_CAP to go on; what was answered is kept and not paid again."
        )


def keep_pace(recent: Sequence[tuple[float, int]], most: Bill, limits: Limits) -> None:
    """Raise TooFast where the server would refuse one more request.

    `recent` are the requests of the last minute, oldest first: seconds since each was entered, and its tokens.
    """
    first = 0
    while first < len(recent) and not _fits(most.tokens, [tokens for _, tokens in recent[first:]], limits):
        first += 1
    if first:
        raise TooFast(MINUTE_S - recent[first - 1][0])


def _fits(tokens: int, sizes: Sequence[int], limits: Limits) -> bool:
    few = not limits.requests_per_minute or len(sizes) < limits.requests_per_minute
    return few and (not limits.tokens_per_minute or tokens + sum(sizes) <= limits.tokens_per_minute)
