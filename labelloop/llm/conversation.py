"""A batch of requests to one server: each is looked up, reserved, sent, tried again, settled and kept."""

import asyncio
import json
import logging
from math import inf
from types import TracebackType
from typing import Any, Self

import structlog
import tenacity

from labelloop.deadline import seconds_left
from labelloop.errors import NeighbourError
from labelloop.extras import missing_extras_reported
from labelloop.llm.chat_messages import ChatRequest, ChatResponse
from labelloop.llm.chat_protocol import Dialect, read
from labelloop.llm.cost_caps import Bill, CapReached, CostLedger, TooFast
from labelloop.llm.cost_center import CostCenter
from labelloop.llm.llm_errors import NotUnderstood, Passing, meaning
from labelloop.llm.llm_settings import LlmSettings
from labelloop.llm.prices import Price
from labelloop.llm.response_cache import ResponseCache
from labelloop.outgoing_requests import http_options

ATTEMPTS = 5
CONNECT_S = 5.0
_POLL_S = 0.05

log = structlog.get_logger()
for _chatty in ("openai", "httpx2", "httpcore2"):  # their debug lines hold prompts and headers
    logging.getLogger(_chatty).setLevel(logging.WARNING)


class Conversation:
    """Use it in `async with`, from one event loop; `ask` may be called side by side.

    `dialects` are those of the server's models as far as they are known; what is learned here is added.

    Passing trouble (no connection, 429, 5xx, no answer in time) is tried again, up to five times, after growing random
    pauses and never sooner than the server asks; not while somebody waits for us (`labelloop.deadline`).
    """

    def __init__(
        self,
        settings: LlmSettings,
        cache: ResponseCache,
        costs: CostLedger,
        cost_center: CostCenter,
        dialects: dict[str, Dialect],
    ) -> None:
        self._settings, self._cache, self._costs, self._cost_center = settings, cache, costs, cost_center
        self._dialects = dialects
        with missing_extras_reported():
            import openai
        self._tasks: dict[str, asyncio.Task[ChatResponse]] = {}
        self._in_flight = 0
        self._openai = openai.AsyncOpenAI(
            base_url=settings.base_url,
            api_key=settings.key().get_secret_value() or "none",
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(**http_options(settings.base_url, settings.ca_bundle)),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._openai.close()

    async def ask(self, request: ChatRequest) -> ChatResponse:
        """Return the LLM's response: the one that is kept where this was asked before.

        Raises UserError where people must act (cap, key, price, model), NeighbourError where trying later may help.
        """
        digest = request.digest
        if digest not in self._tasks:
            self._tasks[digest] = asyncio.ensure_future(self._find(request, digest))
        return await self._tasks[digest]

    async def _find(self, request: ChatRequest, digest: str) -> ChatResponse:
        kept = self._cache.find(digest)
        if kept is not None:
            return kept
        price = self._settings.price(request.model)
        attempts = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS if seconds_left() == inf else 1),
            wait=self._pause,
            retry=tenacity.retry_if_exception_type(Passing),
            reraise=True,
        )
        response: ChatResponse = await attempts(self._attempt, request, price)
        self._cache.keep(digest, response)
        return response

    def _pause(self, state: tenacity.RetryCallState) -> float:
        failed, first = state.outcome.exception() if state.outcome else None, self._settings.pause_s
        grown = tenacity.wait_random_exponential(multiplier=first, max=40 * first)(state)
        return grown + (failed.pause if isinstance(failed, Passing) else 0.0)

    async def _attempt(self, request: ChatRequest, price: Price) -> ChatResponse:
        dialect = self._dialect(request)
        while True:
            try:
                return await self._once(request, price)
            except NotUnderstood as error:
                if not dialect.learn(error.complaint, error.sent):
                    raise
                log.info("llm_parameter_left_out", url=self._settings.base_url, without=sorted(dialect.without))

    def _dialect(self, request: ChatRequest) -> Dialect:
        return self._dialects.setdefault(request.model, Dialect())

    async def _once(self, request: ChatRequest, price: Price) -> ChatResponse:
        most = request.most_tokens, request.max_tokens
        entry = await self._reserved(request.model, Bill(*most, price.of(*most)))
        self._in_flight += 1
        try:
            response = await self._send(request)
        except Exception as error:
            if not (isinstance(error, Passing) and error.charged):
                self._costs.release(entry)
            raise
        finally:
            self._in_flight -= 1
        used = response.tokens_in, response.tokens_out
        self._costs.settle(entry, Bill(*used, price.of(*used)))
        return response

    async def _reserved(self, model: str, most: Bill) -> str:
        """Wait for the server's pace, and for requests in flight, which may turn out cheaper than they can be."""
        while True:
            try:
                return self._costs.reserve(self._cost_center, model, most, self._settings.limits)
            except CapReached:
                if not self._in_flight:
                    raise
                wait = _POLL_S
            except TooFast as error:
                wait = error.seconds
            if wait >= seconds_left():
                raise NeighbourError(f"There is no time left to wait for the LLM at {self._settings.base_url}.")
            await asyncio.sleep(wait)

    async def _send(self, request: ChatRequest) -> ChatResponse:
        import openai

        url, wait = self._settings.base_url, min(self._settings.timeout_s, seconds_left())
        if wait <= 0:
            raise NeighbourError(f"There is no time left to ask the LLM at {url}.")
        body = self._dialect(request).body(request)
        create: Any = self._openai.chat.completions.with_raw_response.create  # its overloads know no dialects
        try:
            async with asyncio.timeout(wait):
                answer = await create(**body, timeout=openai.Timeout(wait, connect=min(wait, CONNECT_S)))
            content = json.loads(answer.http_response.content)
            return read(content, tokens_in=request.most_tokens, tokens_out=request.max_tokens)
        except (openai.OpenAIError, TimeoutError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise meaning(error, url=url, sent=body, waited_s=wait) from None
