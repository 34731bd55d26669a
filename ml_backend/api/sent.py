"""What a request to the API carries: its JSON, checked key by key, and what is answered where it cannot be done now."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from werkzeug.exceptions import Conflict

from labelloop.errors import NotConnected, NotFound, UserError
from ml_backend.responses import body

TEXT, FLAG, WHOLE, NUMBER = "a text", "a truth value", "a whole number", "a number"
TEXTS, VALUES = "a list of texts", "an object"


def sent(known: Mapping[str, str], needed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the request's JSON object; `known` says in words what each key holds.

    Raises UserError for an unknown key, a value of another kind or a missing key.
    """
    found = body()
    _refuse_halves(found)
    for key, value in found.items():
        if key not in known:
            raise UserError(f"There is no {key[:50]!r} here; known: {', '.join(known) or 'nothing'}.")
        if not _is(known[key], value):
            raise UserError(f"{key!r} must be {known[key]}.")
    if missing := [key for key in needed if key not in found]:
        raise UserError(f"{missing[0]!r} is missing.")
    return found


def within(found: Mapping[str, Any], key: str, default: float, low: float, high: float) -> float:
    """Return a number of the request, or the default; raises UserError where it is not between the two."""
    value = found.get(key, default)
    if not low <= value <= high:  # before it is made a float, which has no room for some whole numbers
        raise UserError(f"{key!r} must be between {low:g} and {high:g}.")
    return float(value)


@contextmanager
def not_now() -> Iterator[None]:
    """Answer 409 in place of 400 where a request makes sense, and what it asks for cannot be done as things stand."""
    try:
        yield
    except (NotConnected, NotFound):
        raise
    except UserError as error:
        raise Conflict(str(error)) from error


def _refuse_halves(found: Mapping[str, Any]) -> None:
    """Raise UserError where a text has half of a character, which can be written down nowhere."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise UserError("A text ends within a character (an unpaired surrogate): send it whole.") from error


def _is(kind: str, value: object) -> bool:
    match kind:
        case "a text":
            return isinstance(value, str)
        case "a truth value":
            return isinstance(value, bool)
        case "a whole number":
            return type(value) is int or (isinstance(value, float) and value.is_integer())
        case "a number":
            return type(value) in (int, float)
        case "a list of texts":
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
        case _:
            return isinstance(value, dict)
