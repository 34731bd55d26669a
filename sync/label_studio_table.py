"""Label Studio's CSV, TSV and JSON-MIN exports as the tasks of its JSON export, whose regions they have shortened."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from labelloop.errors import UserError

Row = Mapping[str, Any]

OF_AN_ANNOTATION = ("annotator", "annotation_id", "created_at", "updated_at", "lead_time")
"""The columns that tell such an export from any other table; beside them stand the task's data and the controls."""
_NO_DATA = {*OF_AN_ANNOTATION, "id", "agreement", "history"}
_AS_JSON = "Export the project as JSON instead."
_KEYS = {
    "choices": "choices",
    "taxonomy": "taxonomy",
    "rating": "rating",
    "selected": "pairwise",
    "hypertextlabels": "hypertextlabels",
    "paragraphlabels": "paragraphlabels",
    "labels": "labels",
    "text": "textarea",
}
"""Which type of region holds a key; `text` comes last, since spans repeat theirs."""


def is_table_of_annotations(columns: Iterable[str]) -> bool:
    """Return whether these are the columns of Label Studio's CSV, TSV or JSON-MIN export."""
    return {"annotation_id", "annotator", "lead_time"} <= set(columns)


def structured_controls(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the columns that can be nothing but controls: their cells say more than a word."""
    return tuple(column for column, cells in _columns(rows).items() if _is_structured(cells))


def tasks_of(path: Path, rows: Sequence[Row], name: str | None) -> list[dict[str, Any]]:
    """Return the tasks of an export's rows, one an annotation, with the regions that the cells were made from.

    Without a name the columns whose cells are structured are the controls, else the only one beside the texts. Raises
    UserError where that cannot be told, or a cell is of regions that label parts of the task.
    """
    parsed = _columns(rows)
    controls = [column for column, cells in parsed.items() if _is_structured(cells)]
    if name and name not in parsed:
        raise UserError(f"{path} has no column {name}; it has {', '.join(parsed)}.")
    if name is None and not controls:
        controls = [_only_control(path, parsed)]
    elif name and name not in controls:
        controls.append(name)
    tasks: dict[Any, dict[str, Any]] = {}
    for number, row in enumerate(rows):
        data = {column: cells[number] for column, cells in parsed.items() if column not in controls}
        task = tasks.setdefault(row.get("id") or f"row {number}", {"data": _named(data), "annotations": []})
        if row.get("annotation_id") not in (None, ""):
            regions = [found for control in controls for found in _regions(path, control, parsed[control])[number]]
            task["annotations"].append(
                {"completed_by": row.get("annotator"), "updated_at": row.get("updated_at"), "result": regions}
            )
    return list(tasks.values())


def _columns(rows: Sequence[Row]) -> dict[str, list[Any]]:
    columns = dict.fromkeys(key for row in rows for key in row if key not in _NO_DATA)
    return {column: [_parsed(row.get(column)) for row in rows] for column in columns}


def _parsed(cell: Any) -> Any:
    """Return a cell of a CSV as JSON-MIN has it: lists and objects stand there as JSON."""
    if isinstance(cell, str) and cell[:1] in ("[", "{"):
        try:
            found = json.loads(cell)
        except ValueError:
            return cell
        return found if isinstance(found, list | dict) else cell
    return cell


def _is_structured(cells: Sequence[Any]) -> bool:
    return any(_type_of(one) for cell in cells for one in (cell if isinstance(cell, list) else [cell]))


def _type_of(value: Any) -> str | None:
    """Return the type of the region that a cell's object was made from, None where it was made from none."""
    if not isinstance(value, dict):
        return None
    found = next((kind for key, kind in _KEYS.items() if isinstance(value.get(key), list | int | float | str)), None)
    # what is said in a dialogue has a text, too, but is no list of what people wrote
    return None if found == "textarea" and not isinstance(value["text"], list) else found


def _only_control(path: Path, parsed: Mapping[str, Sequence[Any]]) -> str:
    """Return the one column beside the longest texts; a label is a word, and so is not told from data otherwise."""
    if not parsed:
        raise UserError(f"{path} has no column of a control. {_AS_JSON}")
    lengths = {column: sum(len(str(cell or "")) for cell in cells) for column, cells in parsed.items()}
    text = max(lengths, key=lambda column: (column == "text", lengths[column]))
    others = [column for column in parsed if column != text]
    if len(others) != 1:
        raise UserError(f"{path} does not say which of {', '.join(others) or text} is a control: say so with --field.")
    return others[0]


def _named(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's data; where a control has the name of a key, that is written with a prefix."""
    return {column.removeprefix("_data_"): cell for column, cell in data.items()}


def _regions(path: Path, control: str, cells: Sequence[Any]) -> list[list[dict[str, Any]]]:
    """Return the regions of a control in each row."""
    words = [cell for cell in cells if isinstance(cell, str) and cell]
    writes = any(_type_of(cell) == "textarea" for cell in cells) or _are_sentences(words)
    return [[_region(path, control, one, writes=writes) for one in _values(path, control, cell)] for cell in cells]


def _are_sentences(words: Sequence[str]) -> bool:
    """Return whether words are what people wrote, and no labels: hardly any comes twice."""
    return len(words) >= 10 and len(set(words)) > 0.8 * len(words)


def _values(path: Path, control: str, cell: Any) -> list[Any]:
    if cell is None or cell == "":
        return []
    values = cell if isinstance(cell, list) else [cell]
    if isinstance(cell, list) and any(isinstance(one, str) for one in values):
        raise UserError(
            f"{control} in {path} labels parts of the texts (perRegion), which is not supported. {_AS_JSON}"
        )
    return values


def _region(path: Path, control: str, value: Any, *, writes: bool) -> dict[str, Any]:
    kind = _type_of(value)
    if kind is None and isinstance(value, dict):
        raise UserError(f"{control} in {path} is of a control that is not supported ({', '.join(value)}).")
    if kind is None:
        word = str(value)
        kind, value = ("textarea", {"text": [word]}) if writes else ("choices", {"choices": [word]})
    return {"from_name": control, "to_name": "", "type": kind, "value": value}
