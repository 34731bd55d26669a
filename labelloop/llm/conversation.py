"""A batch of requests to one server: each is looked up, reserved, sent, tried again, settled and kept."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from types import TracebackType
from typing import Any, Self

import openai
import structlog
import tenacity
from pydantic import SecretStr

from labelloop.errors import NeighbourError
from labelloop.llm.account import Account
from labelloop.llm.answers import Answers
from labelloop.llm.faults import NotUnderstood, Passing, meaning
from labelloop.llm.messages import Ask, Said
from labelloop.llm.prices import Price, price_of
from labelloop.llm.spending import Bill, CapReached, Limits, Spending, TooFast
from labelloop.llm.wire import Dialect, read
from labelloop.patience import seconds_left

ATTEMPTS = 5
CONNECT_S = 5.0
_LOOK_AGAIN_S = 0.05

log = structlog.get_logger()
for _chatty in ("openai", "httpx2", "httpcore2"):  # their debug lines hold prompts and headers
    logging.getLogger(_chatty).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Server:
    """Where the LLM answers, how long to wait for it and between attempts, in seconds, and what it may cost."""

    url: str
    key: SecretStr
    timeout_s: float
    pause_s: float
    prices: Mapping[str, tuple[float, float]]
    limits: Limits


class Conversation:
    """Use it in `async with`, from one event loop; `ask` may be called side by side.

    Passing trouble (no connection, 429, 5xx, no answer in time) is tried again, up to five times, after growing random
    pauses and never sooner than the server asks; not while somebody waits for us (`labelloop.patience`).
    """

    def __init__(self, server: Server, answers: Answers, spending: Spending, account: Account) -> None:
        self._server, self._answers, self._spending, self._account = server, answers, spending, account
        self._dialect = Dialect()
        self._asked: dict[str, asyncio.Task[Said]] = {}
        self._on_the_way = 0
        self._openai = openai.AsyncOpenAI(
            base_url=server.url, api_key=server.key.get_secret_value() or "none", max_retries=0
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._openai.close()

    async def ask(self, ask: Ask) -> Said:
        """Return the LLM's answer: the one that is kept where this was asked before.

        Raises UserError where people must act (cap, key, price, model), NeighbourError where trying later may help.
        """
        digest = ask.digest
        if digest not in self._asked:
            self._asked[digest] = asyncio.ensure_future(self._find(ask, digest))
        return await self._asked[digest]

    async def _find(self, ask: Ask, digest: str) -> Said:
        kept = self._answers.find(digest)
        if kept is not None:
            return kept
        price = price_of(self._server.prices, ask.model)
        attempts = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS if seconds_left() == inf else 1),
            wait=self._pause,
            retry=tenacity.retry_if_exception_type(Passing),
            reraise=True,
        )
        said: Said = await attempts(self._attempt, ask, price)
        self._answers.keep(digest, said)
        return said

    def _pause(self, state: tenacity.RetryCallState) -> float:
        failed = state.outcome.exception() if state.outcome else None
        grown = tenacity.wait_random_exponential(multiplier=self._server.pause_s, max=40 * self._server.pause_s)(state)
        return grown + (failed.pause if isinstance(failed, Passing) else 0.0)

    async def _attempt(self, ask: Ask, price: Price) -> Said:
        while True:
            try:
                return await self._once(ask, price)
            except NotUnderstood as error:
                if not self._dialect.learn(error.words):
                    raise
                log.info("llm_parameter_left_out", url=self._server.url, without=sorted(self._dialect.without))

    async def _once(self, ask: Ask, price: Price) -> Said:
        most = Bill(ask.most_tokens, ask.max_tokens, price.of(ask.most_tokens, ask.max_tokens))
        number = await self._reserved(ask.model, most)
        self._on_the_way += 1
        try:
            said = await self._send(ask)
        except Exception as error:
            if not (isinstance(error, Passing) and error.charged):
                self._spending.release(number)
            raise
        finally:
            self._on_the_way -= 1
        self._spending.settle(number, Bill(said.tokens_in, said.tokens_out, price.of(said.tokens_in, said.tokens_out)))
        return said

    async def _reserved(self, model: str, most: Bill) -> int:
        """Wait for the server's pace, and for those on the way, which may turn out cheaper than they can be."""
        while True:
            try:
                return self._spending.reserve(self._account, model, most, self._server.limits)
            except CapReached:
                if not self._on_the_way:
                    raise
                wait = _LOOK_AGAIN_S
            except TooFast as error:
                wait = error.seconds
            if wait >= seconds_left():
                raise NeighbourError(f"There is no time left to wait for the LLM at {self._server.url}.")
            await asyncio.sleep(wait)

    async def _send(self, ask: Ask) -> Said:
        wait = min(self._server.timeout_s, seconds_left())
        if wait <= 0:
            raise NeighbourError(f"There is no time left to ask the LLM at {self._server.url}.")
        create: Any = self._openai.chat.completions.with_raw_response.create  # its overloads know no dialects
        try:
            async with asyncio.timeout(wait):
                answer = await create(
                    **self._dialect.body(ask), timeout=openai.Timeout(wait, connect=min(wait, CONNECT_S))
                )
            body = json.loads(answer.http_response.content)
            return read(body, tokens_in=ask.most_tokens, tokens_out=ask.max_tokens)
        except (openai.OpenAIError, TimeoutError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise meaning(error, url=self._server.url, model=ask.model, waited_s=wait) from None
