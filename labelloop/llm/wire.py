"""One request as OpenAI's chat completions want it, and what comes back."""

import json
from dataclasses import dataclass, field
from typing import Any

from labelloop.llm.messages import Ask, Said, Token

_OPTIONAL = ("response_format", "logprobs", "temperature", "seed")
_SYNONYMS = {"response_format": ("json_schema", "json schema", "structured output", "grammar")}


@dataclass(slots=True)
class Dialect:
    """What this server understands: parameters it complained of are left out from then on."""

    without: set[str] = field(default_factory=set)

    def body(self, ask: Ask) -> dict[str, Any]:
        """Return the request's body."""
        length = "max_completion_tokens" if "max_tokens" in self.without else "max_tokens"
        whole: dict[str, Any] = {
            "model": ask.model,
            "messages": [{"role": message.role, "content": message.content} for message in ask.messages],
            length: ask.max_tokens,
            "temperature": ask.temperature,
            "seed": ask.seed,
        }
        if ask.logprobs:
            whole["logprobs"] = True
        if ask.schema:
            about = {"name": "answer", "strict": True, "schema": json.loads(ask.schema)}
            whole["response_format"] = {"type": "json_schema", "json_schema": about}
        return {name: value for name, value in whole.items() if name not in self.without}

    def learn(self, words: str) -> bool:
        """Return whether a complaint names a parameter that can be done without; the next body is without it."""
        for name in (*_OPTIONAL, "max_tokens"):
            if name not in self.without and any(word in words for word in (name, *_SYNONYMS.get(name, ()))):
                self.without.add(name)
                return True
        return False


def read(body: Any, *, tokens_in: int, tokens_out: int) -> Said:
    """Return what a body says; the tokens given are those of an answer that does not count its own.

    Raises KeyError, TypeError, ValueError, IndexError or AttributeError where it is no chat completion.
    """
    choice = body["choices"][0]
    message, usage = choice["message"], body.get("usage") or {}
    tokens = (choice.get("logprobs") or {}).get("content") or ()
    return Said(
        content=str(message.get("content") or ""),
        tokens=tuple(_token(token) for token in tokens),
        tokens_in=int(usage.get("prompt_tokens", tokens_in)),
        tokens_out=int(usage.get("completion_tokens", tokens_out)),
        model=str(body.get("model") or ""),
    )


def _token(given: dict[str, Any]) -> Token:
    piece = bytes(given["bytes"]) if given.get("bytes") else str(given["token"]).encode("utf-8", "replace")
    return Token(piece, float(given["logprob"]))
