"""A request and a response in the form of OpenAI's chat completions."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from labelloop.llm.chat_messages import ChatRequest, ChatResponse, Message, Token

OPTIONAL = ("response_format", "logprobs", "temperature", "seed", "max_tokens", "system")
"""What a request can do without; `system` is the role, whose messages then begin the user's first one."""
_SYNONYMS = {"response_format": ("json_schema", "json schema", "structured output", "grammar")}


@dataclass(slots=True)
class Dialect:
    """What this server understands: parameters that it complained about are left out from then on."""

    without: set[str] = field(default_factory=set)

    def body(self, request: ChatRequest) -> dict[str, Any]:
        """Return the request's body."""
        length = "max_completion_tokens" if "max_tokens" in self.without else "max_tokens"
        whole: dict[str, Any] = {
            "model": request.model,
            "messages": self._messages(request),
            length: request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
        }
        if request.logprobs:
            whole["logprobs"] = True
        if request.schema:
            about = {"name": "answer", "strict": True, "schema": json.loads(request.schema)}
            whole["response_format"] = {"type": "json_schema", "json_schema": about}
        return {name: value for name, value in whole.items() if name not in self.without}

    def _messages(self, request: ChatRequest) -> list[dict[str, str]]:
        messages = list(request.messages)
        if "system" in self.without:
            told = [message.content for message in messages if message.role == "system"]
            first, *rest = (message for message in messages if message.role != "system")
            messages = [Message(first.role, "\n\n".join([*told, first.content])), *rest]
        return [{"role": message.role, "content": message.content} for message in messages]

    def learn(self, complaint: str, sent: Collection[str]) -> bool:
        """Return whether a complaint about a body with these parameters and roles names one that can be done without.

        The next body is without it. Another request's complaint may have said so before: it was sent all the same.
        """
        named = [name for name in OPTIONAL if name in sent and _names(complaint, name)]
        self.without.update(named[:1])
        return bool(named)


def read(body: Any, *, tokens_in: int, tokens_out: int) -> ChatResponse:
    """Return the response in a body; the tokens given stand for those of one that does not count its own.

    Raises KeyError, TypeError, ValueError, IndexError or AttributeError where it is no chat completion.
    """
    choice = body["choices"][0]
    message, usage = choice["message"], body.get("usage") or {}
    tokens = (choice.get("logprobs") or {}).get("content") or ()
    known = all(token.get("logprob") is not None for token in tokens)
    return ChatResponse(
        content=_content(message.get("content")),
        tokens=tuple(_token(token) for token in tokens) if known else (),
        tokens_in=_or_else(usage.get("prompt_tokens"), tokens_in),
        tokens_out=_or_else(usage.get("completion_tokens"), tokens_out),
        model=str(body.get("model") or ""),
    )


def _names(complaint: str, parameter: str) -> bool:
    return any(word in complaint for word in (parameter, *_SYNONYMS.get(parameter, ())))


def _content(given: Any) -> str:
    """Return what the model says: some servers send it in parts, beside its thoughts."""
    if isinstance(given, list):
        return "".join(part["text"] for part in given if part.get("type") == "text")
    if not isinstance(given, str | None):
        raise TypeError("the content is no text")
    return given or ""


def _or_else(given: Any, otherwise: int) -> int:
    return otherwise if given is None else int(given)


def _token(given: dict[str, Any]) -> Token:
    piece = bytes(given["bytes"]) if given.get("bytes") else str(given["token"]).encode("utf-8", "replace")
    return Token(piece, float(given["logprob"]))
