"""The one way to an LLM: any OpenAI-compatible server, asked side by side, never twice, and never beyond the cap."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from labelloop.deadline import seconds_left
from labelloop.errors import NeighbourError, UserError
from labelloop.file_lock import file_lock
from labelloop.llm.chat_messages import ChatRequest, ChatResponse
from labelloop.llm.chat_protocol import Dialect
from labelloop.llm.cost_caps import CostLedger
from labelloop.llm.cost_center import CostCenter
from labelloop.llm.llm_settings import LlmSettings
from labelloop.llm.response_cache import FILE, ResponseCache

T = TypeVar("T")
R = TypeVar("R")
Ask = Callable[[ChatRequest], Awaitable[ChatResponse]]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a batch would cost at most: `cached` of the requests cost nothing, having been answered before."""

    requests: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0


class LlmClient:
    """An LLM server as the settings name it; safe to use from several threads at once.

    Responses are kept in `folder`, what they cost is entered in `costs`. Nothing is opened before the first request.
    """

    def __init__(self, settings: LlmSettings, costs: CostLedger, folder: Path) -> None:
        self.settings, self._costs, self._folder = settings, costs, folder.resolve()
        self._cache = ResponseCache(self._folder / FILE)
        self._dialects = dict[str, Dialect]()

    def each(self, items: Sequence[T], do: Callable[[Ask, T], Awaitable[R]], cost_center: CostCenter) -> list[R]:
        """Return what `do` makes of every item by asking the LLM, as many side by side as the settings allow.

        After the first error nothing new is begun; what was sent is waited for and kept; then the error is raised:
        CapReached or another UserError where people must act, NeighbourError where trying again later may help.
        """
        return _run(self._each(items, do, cost_center)) if items else []

    def answered(self, cost_center: CostCenter, answers: Mapping[str, str]) -> None:
        """Enter, by text, why the answer about it is none, empty where it is one."""
        self._costs.answered(cost_center, answers)

    def locked(self, cost_center: CostCenter) -> AbstractContextManager[bool]:
        """Let one fit of a project ask at a time, for as long as the block lasts: the next one finds what it asked."""
        return file_lock(self._folder / f"llm-{cost_center.project_id}.lock")

    def estimate(self, requests: Sequence[ChatRequest]) -> Estimate:
        """Return what these requests would cost at most, without sending any; raises UserError without a price."""
        unknown = self._cache.unknown([request.digest for request in requests])
        new = {request.digest: request for request in requests if request.digest in unknown}.values()
        return Estimate(
            len(requests),
            len(requests) - len(new),
            sum(request.most_tokens for request in new),
            sum(request.max_tokens for request in new),
            sum(self.settings.price(request.model).of(request.most_tokens, request.max_tokens) for request in new),
        )

    async def _each(self, items: Sequence[T], do: Callable[[Ask, T], Awaitable[R]], cost_center: CostCenter) -> list[R]:
        from labelloop.llm.conversation import Conversation  # whose SDK takes a second to import

        found: dict[int, R] = {}
        errors: list[Exception] = []
        left = iter(enumerate(items))

        async def work(ask: Ask) -> None:
            for place, item in left:
                if errors:
                    return
                if seconds_left() <= 0:
                    errors.append(NeighbourError("There is no time left to ask the LLM about all of the texts."))
                    return
                try:
                    found[place] = await do(ask, item)
                except Exception as error:
                    errors.append(error)

        async with Conversation(self.settings, self._cache, self._costs, cost_center, self._dialects) as conversation:
            side_by_side = min(self.settings.concurrency, len(items))
            await asyncio.gather(*(work(conversation.ask) for _ in range(side_by_side)))
        if errors:
            raise errors[0]
        return [found[place] for place in range(len(items))]


def required(llm: LlmClient | None) -> LlmClient:
    """Return the LLM; raises UserError, which says what to set, where there is none."""
    if llm is None:
        raise UserError(
            "No LLM is set up: name an OpenAI-compatible server in LABELLOOP_LLM_BASE_URL, such as "
            "https://api.openai.com/v1 or http://127.0.0.1:11434/v1."
        )
    return llm


def _run(coroutine: Coroutine[Any, Any, R]) -> R:
    """Run it to its end, in a thread of its own where a loop already runs in this one, as it does in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, asyncio.run, coroutine).result()
