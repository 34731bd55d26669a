"""One response about several fields, taken apart: what it says of each, with the tokens that write it."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate

from labelloop.domain.asked import is_asked
from labelloop.domain.schema import Field
from labelloop.learners.prompt.response_reading import Reply, Unreadable, read
from labelloop.llm.chat_messages import ChatResponse, Token

_BETWEEN = re.compile(r"[\s,:]*")
_JSON = json.JSONDecoder()


def parts_of(response: ChatResponse) -> dict[str, ChatResponse]:
    """Return what the JSON object in a response says by name, each as a response of its own; none without an object.

    Of one that breaks off, what came before counts. Tokens in and out are those of the whole.

    >>> said = ChatResponse('Sure: {"a": {"label": "x"}, "b": {"la', (), 9, 9, "m")
    >>> {name: part.content for name, part in parts_of(said).items()}
    {'a': '{"label": "x"}'}
    """
    return {name: _part(response, *place) for name, place in _places(response.content).items()}


def read_part(
    fields: Mapping[str, Field], name: str, parts: Mapping[str, ChatResponse], text: str
) -> Reply | Unreadable:
    """Return what the parts of a response about the text say of the named field, or why that is no answer.

    A field under a condition may be left out, which says no more than that the model is unsure, unless the response
    itself says that the condition holds. `fields` are all that were asked together.
    """
    field = fields[name]
    if not _is_left_out(name, parts):
        return read(field, text, parts[name].content)
    if field.condition is None:
        return Unreadable.NULL
    said = {other: read(fields[other], text, part.content) for other, part in parts.items() if other in fields}
    answers = {other: one.value for other, one in said.items() if isinstance(one, Reply) and one.value is not None}
    return Unreadable.NULL if is_asked(field, fields, answers) else Reply(None)


def _is_left_out(name: str, parts: Mapping[str, ChatResponse]) -> bool:
    return name not in parts or parts[name].content == "null"


def _places(content: str) -> dict[str, tuple[int, int]]:
    """Return where the value of each key of the JSON object stands, as far as it can be read."""
    found: dict[str, tuple[int, int]] = {}
    at = content.find("{", content.rfind("</think>") + 1) + 1
    try:
        while at and content[start := _after(at, content)] == '"':
            name, end = _JSON.raw_decode(content, start)
            start = _after(end, content)
            _, at = _JSON.raw_decode(content, start)
            found[name] = start, at
    except (ValueError, IndexError, RecursionError):
        pass
    return found


def _after(place: int, content: str) -> int:
    match = _BETWEEN.match(content, place)
    return match.end() if match else place


def _part(response: ChatResponse, start: int, end: int) -> ChatResponse:
    whole = b"".join(token.piece for token in response.tokens)
    begins = whole.rfind(response.content.encode("utf-8", "replace"))
    first, last = (begins + len(response.content[:place].encode("utf-8", "replace")) for place in (start, end))
    tokens = _between(response.tokens, first, last) if begins >= 0 else ()
    return replace(response, content=response.content[start:end], tokens=tokens)


def _between(tokens: tuple[Token, ...], first: int, last: int) -> tuple[Token, ...]:
    """Return the tokens, or their parts, from one byte to another."""
    ends = accumulate(len(token.piece) for token in tokens)
    placed = [(token, end - len(token.piece), end) for token, end in zip(tokens, ends, strict=True)]
    return tuple(
        Token(token.piece[max(first - start, 0) : last - start], token.logprob)
        for token, start, end in placed
        if start < last and first < end
    )
