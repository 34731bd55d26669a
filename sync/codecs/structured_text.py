"""Tables and lists of a task as the text a model reads: what people see of them, and nothing else."""

import json
from collections.abc import Mapping, Sequence

from labelloop.domain.json_values import displayed
from labelloop.domain.tasks import OPTION_BREAK


def table_text(shown: object) -> str:
    r"""Return a table as lines of cells: rows of objects under their columns, all else as names and values.

    A text is read as JSON, as Label Studio does; empty where it is none.
    >>> table_text([{"item": "tea", "price": 2.5}, {"item": "cup", "colour": "red"}])
    'item\tprice\tcolour\ntea\t2.5\t\ncup\t\tred'
    >>> table_text('{"b": null, "A": {"x": [1]}}')
    'A\t{"x":[1]}\nb\tnull'
    """
    match _parsed(shown):
        case [Mapping(), *_] as rows:
            columns = list(dict.fromkeys(key for row in rows if isinstance(row, Mapping) for key in row))
            cells = [[_cell(row.get(key)) for key in columns] for row in rows if isinstance(row, Mapping)]
            return "\n".join("\t".join(line) for line in [columns, *cells])
        case list() as values:
            return "\n".join(f"{place}\t{_value(value)}" for place, value in enumerate(values))
        case Mapping() as pairs:
            return "\n".join(f"{key}\t{_value(pairs[key])}" for key in sorted(pairs, key=lambda key: key.lower()))
        case _:
            return ""


def list_text(items: Sequence[tuple[str, str]]) -> str:
    """Return the items of a list, id and text, parted by `OPTION_BREAK`; `options_of` takes them apart again."""
    blocks = (f"{name}\n{text}" if text else name for name, text in items)
    return OPTION_BREAK.join(block.replace(OPTION_BREAK, "\n") for block in blocks)


def _parsed(shown: object) -> object:
    if not isinstance(shown, str):
        return shown
    try:
        return json.loads(shown)
    except (ValueError, RecursionError):
        return None


def _cell(value: object) -> str:
    """Return a cell as a browser draws it: booleans and objects are not drawn."""
    return (displayed(value) or "") if not isinstance(value, bool) else ""


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if _is_object(value) else _cell(value)


def _is_object(value: object) -> bool:
    return value is None or isinstance(value, Mapping | list)
