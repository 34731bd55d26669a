"""Requests to the scripted LLM as a learner makes them, without a learner."""

import json
from collections.abc import Sequence

from labelloop.llm.chat_messages import ChatRequest, ChatResponse, Message
from labelloop.llm.cost_center import CostCenter
from labelloop.llm.llm_client import Ask, LlmClient

HERE = CostCenter(12, 3)
SCHEMA = json.dumps({"type": "object", "properties": {"label": {"enum": ["card", "weather", "unsure"]}}})


def ask(text: str, *, model: str = "scripted", length: int = 64) -> ChatRequest:
    """Return a request for the label of a text."""
    question = Message("user", json.dumps({"text": text}, ensure_ascii=False))
    return ChatRequest(model, (Message("system", "Label it."), question), SCHEMA, length)


def said(client: LlmClient, texts: Sequence[str], cost_center: CostCenter = HERE) -> list[ChatResponse]:
    """Return the responses about the texts, asked side by side."""

    async def one(ask_llm: Ask, text: str) -> ChatResponse:
        return await ask_llm(ask(text))

    return client.each(texts, one, cost_center)


def texts(count: int) -> list[str]:
    """Return so many texts."""
    return [f"text number {number}, 第{number}条" for number in range(count)]
