"""Label Studio's exports as a labelled file: what people settled on, read by the codecs of the loop."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labelloop.domain.asked import answers_where_asked
from labelloop.domain.consensus import settle
from labelloop.domain.json_values import displayed
from labelloop.domain.scale import Precision, Scale
from labelloop.domain.schema import PLAIN_TEXT, Field
from labelloop.domain.tasks import Annotation
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import FieldKind, Value
from labelloop.errors import UserError
from labelloop.simulate.jsonl_labels import read_lines
from labelloop.simulate.labelled_texts import Labelled, LabelledText, labelled
from labelloop.simulate.own_values import most_stars
from labelloop.simulate.table_reader import Table, read_table, read_text
from sync.codecs.form_codec import read_field
from sync.codecs.region_codec import read_answer, task_text
from sync.config.label_config import KIND_OF_TAG, parse
from sync.config.object_tags import HYPERTEXT, PARAGRAPHS, Reading
from sync.config.relations_field import NAME
from sync.label_studio_table import is_table_of_annotations, structured_controls, tasks_of

_KINDS = {"choices": FieldKind.CHOICE, **KIND_OF_TAG}
del _KINDS["ranker"]  # what is ranked cannot be told without the labelling configuration
_PART = {"start", "startOffset", "globalOffsets"}
_NUMBER = re.compile(r"[-+]?[0-9]*([.,][0-9]+)?([eE][-+]?[0-9]+)?")
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
UNSETTLED, NOBODY = "tasks that people do not agree on", "tasks that nobody labelled"

Json = Mapping[str, Any]


def read_label_studio(path: Path, name: str | None = None) -> Labelled:
    """Read a JSON or JSON-MIN export, or `labelloop export --format label-studio`; see `read_tasks`.

    A list of other objects is read as JSON Lines are. Raises UserError where the file is no such export.
    """
    try:
        found = json.loads(read_text(path))
    except ValueError as error:
        raise UserError(f"{path} cannot be read as JSON: {error}.") from error
    rows: list[Json] = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    if rows and all(isinstance(task.get("data"), dict) for task in rows):
        return read_tasks(path, rows, name)
    if rows and all(is_table_of_annotations(row) for row in rows):
        return read_tasks(path, tasks_of(path, rows, name), name)
    if rows and not any("data" in row for row in rows):
        return read_lines(path, list(enumerate(rows, 1)), name)
    raise UserError(f"{path} is no list of tasks with their data: export the project from Label Studio as JSON.")


def read_form(path: Path, config: str, name: str) -> Labelled:
    """Read what people settled on of the field `name` in a JSON export, by the labelling configuration of its project.

    An answer of a conditional field counts, and so does silence, only where the rest of the annotation says that it was
    asked. Raises UserError where the file is no such export, or the loop would not learn the field.
    """
    fields = {one.name: one for one in parse(config).fields}
    field = fields.get(name)
    if field is None:
        known = ", ".join(fields) or "none"
        raise UserError(f"The labelling configuration has no field {name} that can be replayed; it has {known}.")
    try:
        found = json.loads(read_text(path))
    except ValueError as error:
        raise UserError(f"{path} cannot be read as JSON: {error}.") from error
    tasks = found if isinstance(found, list) else []
    if not tasks or not all(isinstance(one, dict) and isinstance(one.get("data"), dict) for one in tasks):
        raise UserError(f"{path} is no list of tasks with their data: a labelling configuration needs the JSON export.")
    return _read(field, fields, tasks)


def controls_in(path: Path) -> tuple[str, ...]:
    """Return the controls of an export that can be read, in the order in which they occur; none of another file.

    Of a table (CSV, TSV, JSON-MIN) those whose cells are no mere words, which data may be as well.
    """
    if path.suffix.lower() != ".json":
        table = read_table(path)
        return structured_controls(table.rows) if is_table_of_annotations(table.columns) else ()
    try:
        found = json.loads(read_text(path))
    except ValueError:
        return ()
    rows = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    if not all(isinstance(task.get("data"), dict) for task in rows):
        return structured_controls(rows) if all(map(is_table_of_annotations, rows)) else ()
    return tuple(_readable(region for _, result in _results(rows) for region in result if _is_named(region)))


def _readable(regions: Iterable[Json]) -> list[str]:
    return list(dict.fromkeys(str(region["from_name"]) for region in regions if region.get("type") in _KINDS))


def read_annotations(table: Table, name: str | None = None) -> Labelled:
    """Read the CSV or TSV export; see `read_tasks`."""
    return read_tasks(table.path, tasks_of(table.path, table.rows, name), name)


def read_tasks(path: Path, tasks: Sequence[Json], name: str | None = None) -> Labelled:
    """Read the tasks whose annotations settle on a value of the control `name`; the others are counted.

    Without a name the first control that occurs is taken. An export has no labelling configuration, so the field is
    told from the regions: one choice where no annotation has several, five stars or the most that occur. A `split` in
    a task's data says where it belongs. Raises UserError where the loop would not learn the control.
    """
    field = _field(path, tasks, name)
    return _read(field, {field.name: field}, tasks)


def _read(field: Field, fields: Mapping[str, Field], tasks: Sequence[Json]) -> Labelled:
    rows: list[LabelledText] = []
    left_out = Counter[str]()
    for task in tasks:
        value = _settled(field, fields, task, left_out)
        if value is not None:
            split = task["data"].get("split")
            rows.append(LabelledText(task_text(field, task["data"]), value, split if isinstance(split, str) else ""))
    return labelled(field, rows, left_out)


def _annotations(task: Json) -> list[Json]:
    found = task.get("annotations")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _results(tasks: Sequence[Json]) -> Iterator[tuple[Json, list[Json]]]:
    for task in tasks:
        for annotation in _annotations(task):
            result = annotation.get("result")
            if not annotation.get("was_cancelled") and isinstance(result, list):
                yield task, [region for region in result if isinstance(region, dict)]


def _field(path: Path, tasks: Sequence[Json], name: str | None) -> Field:
    every = [(task, region) for task, result in _results(tasks) for region in result if _is_named(region)]
    names = _readable(region for _, region in every)
    if not names or (name and name not in names):
        raise UserError(_nothing_of(path, every, names, name))
    chosen = name or names[0]
    own = [(task, region) for task, region in every if region["from_name"] == chosen and region.get("type") in _KINDS]
    task, first = own[0]
    kind = _KINDS[first["type"]]
    values = [region["value"] for _, region in own if isinstance(region.get("value"), dict)]
    if kind is not FieldKind.SPANS and any(_PART & value.keys() for value in values):
        raise UserError(
            f"{chosen} in {path} is about parts of the texts (perRegion), and which these are an export does not say: "
            "give its labelling configuration with --label-config, or name another control with --field."
        )
    if kind is FieldKind.CHOICE and _several(tasks, chosen):
        kind = FieldKind.CHOICES
    inputs = _inputs(path, [one["data"] for one in tasks], str(first.get("to_name")), kind)
    stars = most_stars([value.get("rating")] for value in values) if kind is FieldKind.RATING else 0
    labels = tuple(str(star) for star in range(1, stars + 1))
    found = Field(chosen, kind, labels, str(first.get("to_name")), inputs, _reads(task["data"], inputs, values, first))
    return replace(found, scale=_scale(values)) if kind is FieldKind.DATETIME else found


def _scale(values: Sequence[Json]) -> Scale:
    """Return how dates are written, which an export does not say: in one of Label Studio's own forms."""
    written = [str(value.get("datetime")) for value in values]
    forms = ((Precision.MINUTE, "%Y-%m-%dT%H:%M"), (Precision.DATE, "%Y-%m-%d"), (Precision.TIME, "%H:%M"))
    scales = [Scale(precision=precision, form=form) for precision, form in forms]
    return max(scales, key=lambda scale: sum(scale.moment(text) is not None for text in written))


def _is_named(region: Json) -> bool:
    return isinstance(region.get("from_name"), str) and isinstance(region.get("type"), str)


def _nothing_of(path: Path, every: Sequence[tuple[Json, Json]], names: Sequence[str], name: str | None) -> str:
    if name == NAME:
        return f"{path} does not say which regions could be related: give its configuration with --label-config."
    others = {str(region["from_name"]): str(region.get("type")) for _, region in every}
    if name in others:
        return f"{name} in {path} is of a control that is not supported ({others[name]}): docs/controls.md lists them."
    unsupported = [f"{other} ({kind})" for other, kind in others.items() if other not in names]
    known = ", ".join(names) or "none"
    more = f" that is supported; not supported: {', '.join(unsupported[:10])}" if unsupported and not names else ""
    return f"{path} has no annotation of {name or 'a control that can be learned'}; it has {known}{more}."


def _reads(data: Json, inputs: Sequence[str], values: Sequence[Json], first: Json) -> str:
    """Return how the object tag shows its data, which spans tell by how they say where they are."""
    kind = str(first["type"])
    if any(isinstance(turn, dict) for key in inputs for turn in _turns(data.get(key))):
        return Reading(PARAGRAPHS).to_word()
    if any("globalOffsets" in value or str(value.get("start", "")).startswith("/") for value in values):
        return Reading(HYPERTEXT, labelled_by=kind).to_word()
    return PLAIN_TEXT


def _is_number(value: object) -> bool:
    """Return whether there is nothing but a number, which also a CSV's text may be."""
    if isinstance(value, str):
        return _NUMBER.fullmatch(value.strip()) is not None
    return value is None or isinstance(value, int | float)


def _turns(shown: object) -> list[object]:
    return shown if isinstance(shown, list) else []


def _several(tasks: Sequence[Json], name: str) -> bool:
    return any(
        len(labels) > 1
        for _, result in _results(tasks)
        for region in result
        if region.get("from_name") == name and isinstance(region.get("value"), dict)
        if isinstance(labels := region["value"].get("choices"), list)
    )


def _inputs(path: Path, rows: Sequence[Json], to_name: str, kind: FieldKind) -> tuple[str, ...]:
    """Return the keys of the data that people saw: as the object tag is called, `text`, or all that hold words."""
    keys = [key for key in dict.fromkeys(key for row in rows for key in row) if key != "split"]
    shown = tuple(key for key in keys if any(displayed(row.get(key)) or _turns(row.get(key)) for row in rows))
    texts = tuple(key for key in shown if not all(_is_number(row.get(key)) for row in rows))
    wanted = 2 if kind is FieldKind.PAIRWISE else 1
    for found in (tuple(to_name.split(",")), ("text",), texts, shown):
        if len(found) == wanted and set(found) <= set(keys):
            return found
    raise UserError(
        f"{path} does not say which of {', '.join(texts) or 'no'} data its annotations are about: "
        f"keep only {'the two texts' if wanted == 2 else 'one text'} in the tasks' data, or call it `text`."
    )


def _settled(field: Field, fields: Mapping[str, Field], task: Json, left_out: Counter[str]) -> Value | None:
    """Return what people settled on, None where they did not; count what is left out."""
    found: dict[Any, Annotation] = {}
    for number, one in enumerate(sorted(_annotations(task), key=lambda one: str(one.get("updated_at") or ""))):
        answer = _answer(field, fields, task, one)
        if isinstance(answer, Unanswered):
            left_out[f"{answer} annotations"] += 1
        else:
            who = one.get("completed_by")
            person = who.get("id") if isinstance(who, dict) else who
            # what no account is known of counts by itself
            found[f"nobody {number}" if person is None else person] = Annotation(number, 0, number, answer, _NO_TIME)
    consensus = settle(list(found.values())) if found else None
    if consensus is None and not _annotations(task):
        left_out[NOBODY] += 1
    if consensus is not None and consensus.value is None:
        left_out[UNSETTLED] += 1
    return consensus.value if consensus else None


def _answer(field: Field, fields: Mapping[str, Field], task: Json, annotation: Json) -> Value | Unanswered:
    if annotation.get("was_cancelled"):
        return Unanswered.SKIPPED
    result = annotation.get("result")
    if result is None:
        return Unanswered.EMPTY
    if not isinstance(result, list):
        return Unanswered.UNREADABLE
    if field.condition is None:
        return read_answer(field, result, task["data"])
    every = {name: read_field(one, fields, result, task["data"]) for name, one in fields.items()}
    return answers_where_asked(fields, every)[field.name]
