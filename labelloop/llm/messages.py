"""What an LLM is asked and what it says, as values."""

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
class Ask:
    """One request for one answer.

    `schema` is the JSON schema (as JSON) that the answer has to keep, empty for prose; `max_tokens` bounds the answer.
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
        """Return a SHA-256 (hex) of the model, the parameters and the prompt: what has it has the same answer."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def most_tokens(self) -> int:
        """Return about how many tokens go in, rather too many."""
        return sum(tokens_of(message.content) + 8 for message in self.messages) + tokens_of(self.schema)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an answer, as bytes of UTF-8, and the natural logarithm of its probability."""

    piece: bytes
    logprob: float


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: `tokens` are empty where the server gives no probabilities; `model` is what it calls itself."""

    content: str
    tokens: tuple[Token, ...]
    tokens_in: int
    tokens_out: int
    model: str

    def to_json(self) -> str:
        """Return the answer as JSON; `from_json` reads it back."""
        tokens = [[token.piece.hex(), token.logprob] for token in self.tokens]
        return json.dumps({**asdict(self), "tokens": tokens})

    @classmethod
    def from_json(cls, text: str) -> "Said":
        """Return the answer that `to_json` wrote."""
        found: dict[str, Any] = json.loads(text)
        found["tokens"] = tuple(Token(bytes.fromhex(piece), logprob) for piece, logprob in found["tokens"])
        return cls(**found)


def tokens_of(text: str) -> int:
    """Return about how many tokens a text is, for any tokenizer rather too many: 1 per 3 ASCII signs, 2 per other.

    >>> tokens_of("Good day"), tokens_of("你好")
    (3, 4)
    """
    plain = sum(sign.isascii() for sign in text)
    return -(-plain // 3) + 2 * (len(text) - plain)
