"""Where in a task's data an object tag finds what it shows: a key, or a path such as `order.items[0].name`."""

import re
from collections.abc import Mapping, Sequence

PATH = re.compile(r"\$[^\s.\[\]$]+(?:\.[^\s.\[\]$]+|\[[0-9]{1,3}\])*")
"""A whole attribute `value` that is one path."""
_STEP = re.compile(r"[^.\[\]]+")

Data = Mapping[str, object]


def at(data: Data, path: str) -> object:
    """Return what lies at the path, None where nothing does; a key that is spelled like the path goes first.

    >>> at({"order": {"items": [{"name": "tea"}]}}, "order.items[0].name")
    'tea'
    >>> at({"a.b": 1, "a": {"b": 2}}, "a.b"), at({"a": "text"}, "a.b"), at({"a": [1]}, "a[1]")
    (1, None, None)
    """
    if path in data:
        return data[path]
    found: object = data
    for step in _STEP.findall(path):
        match found:
            case Mapping():
                found = found.get(step)
            case list() if step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            case _:
                return None
    return found


def placed(values: Mapping[str, object]) -> dict[str, object]:
    """Return a task's data in which `at` finds each value at its path.

    >>> placed({"order.items[1].name": "tea", "order.id": 5, "text": "x"})
    {'order': {'items': [None, {'name': 'tea'}], 'id': 5}, 'text': 'x'}
    """
    data: dict[str, object] = {}
    for path, value in values.items():
        _put(
            data,
            [int(step[1:-1]) if step[0] == "[" else step for step in re.findall(r"\[\d+\]|[^.\[\]]+", path)],
            value,
        )
    return data


def _put(inside: object, steps: Sequence[str | int], value: object) -> None:
    step, *below = steps
    if isinstance(inside, list) and isinstance(step, int):
        inside.extend([None] * (step + 1 - len(inside)))
        inside[step] = _filled(inside[step], below, value)
    elif isinstance(inside, dict):
        inside[str(step)] = _filled(inside.get(str(step)), below, value)


def _filled(there: object, below: Sequence[str | int], value: object) -> object:
    if not below:
        return value
    inner: object = there if isinstance(there, dict | list) else ([] if isinstance(below[0], int) else {})
    _put(inner, below, value)
    return inner
