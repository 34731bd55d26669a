"""The one way to an LLM: any OpenAI-compatible server, asked side by side, never twice, and never beyond the cap."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from labelloop.errors import NeighbourError, UserError
from labelloop.llm.account import Account
from labelloop.llm.answers import Answers
from labelloop.llm.conversation import Conversation, Server
from labelloop.llm.file import NAME, File
from labelloop.llm.messages import Ask, Said
from labelloop.llm.prices import price_of
from labelloop.llm.spending import Limits, Spending
from labelloop.llm.turns import turn
from labelloop.patience import seconds_left
from labelloop.settings import Settings

T = TypeVar("T")
R = TypeVar("R")
Speak = Callable[[Ask], Awaitable[Said]]

PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a batch would cost at most: `cached` of the requests cost nothing, having been answered before."""

    requests: int
    cached: int
    tokens_in: int
    tokens_out: int
    cost: float


class Client:
    """An LLM server as the settings name it; safe to use from several threads at once."""

    def __init__(self, settings: Settings, *, pause_s: float = PAUSE_S) -> None:
        self._settings, self._pause_s = settings, pause_s
        file = File(settings.data_dir.resolve() / NAME)
        self._answers, self.spending = Answers(file), Spending(file)

    def each(self, items: Sequence[T], do: Callable[[Speak, T], Awaitable[R]], account: Account) -> list[R]:
        """Return what `do` makes of every item by asking the LLM, as many side by side as the settings allow.

        After the first error nothing new is begun; what was sent is waited for and kept; then the error is raised:
        CapReached or another UserError where people must act, NeighbourError where trying again later may help.
        """
        return _run(self._each(items, do, account)) if items else []

    def turn(self, account: Account) -> AbstractContextManager[None]:
        """Let one fit of a project ask at a time, for as long as the block lasts: the next one finds what it asked."""
        return turn(self._settings.data_dir.resolve(), account.project_id)

    def estimate(self, asks: Sequence[Ask]) -> Estimate:
        """Return what these requests would cost at most, without sending any; raises UserError without a price."""
        unknown = self._answers.unknown([ask.digest for ask in asks])
        new = list({ask.digest: ask for ask in asks if ask.digest in unknown}.values())
        prices = self._settings.llm_price_table()
        bills = [(ask, ask.most_tokens, ask.max_tokens) for ask in new]
        cost = sum(price_of(prices, ask.model).of(into, out) for ask, into, out in bills)
        into, out = sum(bill[1] for bill in bills), sum(bill[2] for bill in bills)
        return Estimate(len(asks), len(asks) - len(new), into, out, cost)

    async def _each(self, items: Sequence[T], do: Callable[[Speak, T], Awaitable[R]], account: Account) -> list[R]:
        found: dict[int, R] = {}
        faults: list[Exception] = []
        left = iter(enumerate(items))

        async def work(speak: Speak) -> None:
            for place, item in left:
                if faults:
                    return
                if seconds_left() <= 0:
                    faults.append(NeighbourError("There is no time left to ask the LLM about all of the texts."))
                    return
                try:
                    found[place] = await do(speak, item)
                except Exception as error:
                    faults.append(error)

        async with Conversation(self._server(), self._answers, self.spending, account) as talk:
            side_by_side = min(self._settings.llm_concurrency, len(items))
            await asyncio.gather(*(work(talk.ask) for _ in range(side_by_side)))
        if faults:
            raise faults[0]
        return [found[place] for place in range(len(items))]

    def _server(self) -> Server:
        settings = self._settings
        if not settings.llm_base_url:
            raise UserError(
                "No LLM is set up: name an OpenAI-compatible server in LABELLOOP_LLM_BASE_URL, such as "
                "https://api.openai.com/v1 or http://127.0.0.1:11434/v1."
            )
        limits = Limits(settings.llm_cap, settings.llm_requests_per_minute, settings.llm_tokens_per_minute)
        return Server(
            settings.llm_base_url,
            settings.llm_key(),
            settings.llm_timeout_s,
            self._pause_s,
            settings.llm_price_table(),
            limits,
        )


def _run(coroutine: Coroutine[Any, Any, R]) -> R:
    """Run it to its end, in a thread of its own where a loop already turns in this one, as it does in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, asyncio.run, coroutine).result()
