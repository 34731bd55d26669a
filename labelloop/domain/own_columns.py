"""A task's own columns: everything it was imported with, kept as JSON until somebody asks for it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

KINDS = ("data", "meta")


def own_json(data: Mapping[str, object], meta: object) -> str:
    r"""Return a task's `data` and `meta` as JSON in ASCII, without loss; `meta` that is no object is left out.

    >>> own_json({"text": "还行"}, None)
    '{"data": {"text": "\\u8fd8\\u884c"}}'
    """
    own = {"data": dict(data)} | ({"meta": meta} if isinstance(meta, Mapping) and meta else {})
    return json.dumps(own)


def own_parts(own: str) -> dict[str, dict[str, Any]]:
    """Return what `own_json` was given, empty for a task whose own columns are not known."""
    found: dict[str, dict[str, Any]] = json.loads(own) if own else {}
    return found


def own_cells(own: str) -> dict[str, Any]:
    """Return the values by column, `data.<key>` and `meta.<key>`, as they were.

    >>> own_cells('{"data": {"id": 7, "tags": ["a"]}, "meta": {"by": null}}')
    {'data.id': 7, 'data.tags': ['a'], 'meta.by': None}
    """
    parts = own_parts(own)
    return {f"{kind}.{key}": value for kind in KINDS for key, value in parts.get(kind, {}).items()}


def own_names(rows: Iterable[str]) -> list[str]:
    """Return the columns of several tasks, those of `data` first, each kind in the order in which they appear."""
    seen = dict.fromkeys(name for own in rows for name in own_cells(own))
    return [name for kind in KINDS for name in seen if name.startswith(f"{kind}.")]


def own_text(value: object) -> str:
    """Return a value as a cell of text: a string as it is, anything else as JSON.

    >>> own_text("a"), own_text(1.5), own_text(["好"])
    ('a', '1.5', '["好"]')
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
