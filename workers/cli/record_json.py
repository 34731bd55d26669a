"""Records as scripts read them."""

from datetime import datetime
from typing import Any


def record_json(record: object, *names: str, **renamed: str) -> dict[str, Any]:
    """Return attributes of a record under their `names`, and others `renamed`; moments in ISO 8601, "" as None."""
    attributes = {**{name: name for name in names}, **renamed}
    return {key: _plain(getattr(record, name)) for key, name in attributes.items()}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else None if value == "" else value
