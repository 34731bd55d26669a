"""The rules that a request to the API sets, checked by their kinds: here no text counts as a number."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from labelloop.errors import UserError
from labelloop.rules import Rules
from workers.admin.change_rules import RuleChange

KEYS = tuple(Rules.model_fields)


def rules_schema() -> dict[str, Any]:
    """Return what may be set, as JSON Schema."""
    return {"type": "object", "properties": Rules.model_json_schema()["properties"], "additionalProperties": False}


def rule_change(values: Mapping[str, object], unset: list[str]) -> RuleChange:
    """Return what is wanted; raises UserError for a key that is no rule, and for a value of another kind."""
    for key in (*values, *unset):
        if key not in KEYS:
            raise UserError(f"{key[:50]!r} is no rule; there are: {', '.join(KEYS)}.")
    plain = {key: _plain(key, value) for key, value in values.items()}
    try:
        Rules.model_validate(plain, strict=True)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise UserError(f"{faults}. See docs/settings.md for the keys.") from error
    return RuleChange(plain, tuple(unset))


def _plain(key: str, value: object) -> object:
    """Return a value of JSON as rules hold it: a list is fixed, and 2.0 a whole number."""
    if isinstance(value, list):
        return tuple(value)
    is_whole = isinstance(value, float) and value.is_integer() and Rules.model_fields[key].annotation is int
    return int(value) if is_whole and isinstance(value, float) else value
