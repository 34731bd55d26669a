"""Requests to an LLM and its responses, as values."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat; `role` is `system`, `user` or `assistant`."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request for one response.

    `schema` is the JSON schema (as JSON) that the response has to keep, empty for prose; `max_tokens` bounds it.
    """

    model: str
    messages: tuple[Message, ...]
    schema: str = ""
    max_tokens: int = 512
    temperature: float = 0.0
    seed: int = 0
    logprobs: bool = True

    @property
    def digest(self) -> str:
        """Return a SHA-256 (hex) of the model, the parameters and the prompt: equal digests have equal responses."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def most_tokens(self) -> int:
        """Return about how many tokens go in, rather too many."""
        return sum(tokens_of(message.content) + 8 for message in self.messages) + tokens_of(self.schema)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a response, as bytes of UTF-8, and the natural logarithm of its probability."""

    piece: bytes
    logprob: float


@dataclass(frozen=True, slots=True)
class ChatResponse:
    """`tokens` are empty where the server gives no probabilities; `model` is what the model calls itself."""

    content: str
    tokens: tuple[Token, ...]
    tokens_in: int
    tokens_out: int
    model: str

    def to_json(self) -> str:
        """Return the response as JSON; `from_json` reads it back."""
        tokens = [[token.piece.hex(), token.logprob] for token in self.tokens]
        return json.dumps({**asdict(self), "tokens": tokens})

    @classmethod
    def from_json(cls, text: str) -> "ChatResponse":
        """Return the response that `to_json` wrote."""
        found: dict[str, Any] = json.loads(text)
        found["tokens"] = tuple(Token(bytes.fromhex(piece), logprob) for piece, logprob in found["tokens"])
        return cls(**found)


def tokens_of(text: str) -> int:
    """Return about how many tokens a text is, for any tokenizer rather too many: 1 per 3 ASCII characters, 2 per other.

    >>> tokens_of("Good day"), tokens_of("你好")
    (3, 4)
    """
    ascii_ = len(text.encode("ascii", "ignore"))
    return -(-ascii_ // 3) + 2 * (len(text) - ascii_)
