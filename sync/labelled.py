"""Label Studio's JSON export as a labelled file: what people settled on, read by the codecs of the loop."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labelloop.domain.consensus import settle
from labelloop.domain.schema import PLAIN_TEXT, Field
from labelloop.domain.tasks import Annotation
from labelloop.domain.values import FieldKind, Value
from labelloop.errors import UserError
from labelloop.simulate.labelled import Labelled, LabelledText, labelled
from sync.codecs import decode, task_text
from sync.reading import HYPERTEXT, PARAGRAPHS

_KINDS = {
    "choices": FieldKind.CHOICE,
    "rating": FieldKind.RATING,
    "pairwise": FieldKind.PAIRWISE,
    "taxonomy": FieldKind.TAXONOMY,
    "textarea": FieldKind.TEXT,
    "labels": FieldKind.SPANS,
    "hypertextlabels": FieldKind.SPANS,
    "paragraphlabels": FieldKind.SPANS,
}
_READS = {"hypertextlabels": HYPERTEXT, "paragraphlabels": PARAGRAPHS}
_USUAL_STARS = 5
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)

Json = Mapping[str, Any]


def read_label_studio(path: Path, name: str | None = None) -> Labelled:
    """Read the tasks of a JSON export, or of our own, whose annotations settle on a value of the control `name`.

    Without a name the first control that occurs is taken. An export has no labelling configuration, so the field is
    told from the regions: one choice where no annotation has several, five stars or the most that occur. A `split` in
    a task's data says where it belongs. Raises UserError where the file is no such export.
    """
    tasks = _tasks(path)
    field = _field(path, tasks, name)
    rows = []
    for task in tasks:
        value = _settled(field, task)
        if value is not None:
            split = task["data"].get("split")
            rows.append(LabelledText(task_text(field, task["data"]), value, split if isinstance(split, str) else ""))
    return labelled(field, rows)


def _tasks(path: Path) -> list[Json]:
    try:
        found = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as JSON: {error}.") from error
    tasks: list[Json] = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    if not tasks or not all(isinstance(task.get("data"), dict) for task in tasks):
        raise UserError(f"{path} is no list of tasks with their data: export the project as JSON, not as JSON-MIN.")
    return tasks


def _results(tasks: Sequence[Json]) -> Iterator[tuple[Json, list[Json]]]:
    for task in tasks:
        for annotation in task.get("annotations") or ():
            if not annotation.get("was_cancelled"):
                yield task, [region for region in annotation.get("result") or () if isinstance(region, dict)]


def _field(path: Path, tasks: Sequence[Json], name: str | None) -> Field:
    every = [(task, region) for task, result in _results(tasks) for region in result if region.get("type") in _KINDS]
    names = list(dict.fromkeys(str(region.get("from_name")) for _, region in every))
    if not names or (name and name not in names):
        wanted = name or "a control that can be learned"
        raise UserError(f"{path} has no annotation of {wanted}; it has {', '.join(names) or 'none'}.")
    chosen = name or names[0]
    task, first = next((task, region) for task, region in every if region.get("from_name") == chosen)
    kind = _KINDS[first["type"]]
    if kind is FieldKind.CHOICE and _several(tasks, chosen):
        kind = FieldKind.CHOICES
    inputs = _inputs(path, task["data"], str(first.get("to_name")), kind)
    labels = _stars(every, chosen) if kind is FieldKind.RATING else ()
    return Field(chosen, kind, labels, str(first.get("to_name")), inputs, _READS.get(first["type"], PLAIN_TEXT))


def _several(tasks: Sequence[Json], name: str) -> bool:
    chosen = (
        sum(len(region["value"].get("choices") or ()) for region in result if region.get("from_name") == name)
        for _, result in _results(tasks)
    )
    return max(chosen, default=0) > 1


def _stars(every: Sequence[tuple[Json, Json]], name: str) -> tuple[str, ...]:
    given = [region["value"].get("rating") for _, region in every if region.get("from_name") == name]
    most = max([_USUAL_STARS, *(int(stars) for stars in given if isinstance(stars, int | float))])
    return tuple(str(star) for star in range(1, most + 1))


def _inputs(path: Path, data: Json, to_name: str, kind: FieldKind) -> tuple[str, ...]:
    named = tuple(to_name.split(","))
    texts = tuple(key for key, value in data.items() if isinstance(value, str | list) and key != "split")
    wanted = 2 if kind is FieldKind.PAIRWISE else 1
    for keys in (named, ("text",), texts):
        if len(keys) == wanted and set(keys) <= data.keys():
            return keys
    raise UserError(
        f"{path} does not tell which of {', '.join(texts) or 'no'} data its annotations are about: "
        f"keep only {'the two texts' if wanted == 2 else 'one text'} in the tasks' data, or call it `text`."
    )


def _settled(field: Field, task: Json) -> Value | None:
    values = [decode(field, result, task["data"]) for _, result in _results([task])]
    said = [Annotation(number, 0, number, value, _NO_TIME) for number, value in enumerate(values) if value is not None]
    return settle(said).value if said else None
