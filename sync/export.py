"""Released rows as tasks that Label Studio imports: people's labels as annotations, the model's as predictions."""

import json
from collections.abc import Sequence

from labelloop.domain.release import ReleaseRow, Source
from labelloop.domain.schema import Field
from labelloop.domain.tasks import inputs_of
from sync.codecs import encode
from sync.documents import shown_as
from sync.reading import from_words


def label_studio_json(field: Field, rows: Sequence[ReleaseRow]) -> bytes:
    """Return a JSON list of tasks, in order of task id, for a project with the same labelling configuration.

    People's consensus is one annotation, without an author since user ids differ between installations; the origin of
    each label stands in the task's `meta`. A page is given back as one block of its text, a dialogue as one paragraph
    for each of its lines.
    """
    tasks = [_task(field, row) for row in sorted(rows, key=lambda row: row.task_id)]
    return json.dumps(tasks, ensure_ascii=False, indent=1).encode() + b"\n"


def _task(field: Field, row: ReleaseRow) -> dict[str, object]:
    data = _data(field, row.text)
    regions = encode(field, row.value, data)
    said: dict[str, object] = (
        # Label Studio takes imported annotations for ground truth unless told otherwise.
        {"annotations": [{"result": regions, "ground_truth": False}]}
        if row.source is Source.PEOPLE
        else {"predictions": [{"result": regions, "score": row.confidence, "model_version": row.version}]}
    )
    return {"data": data, "meta": {"labelloop": _origin(row)}, **said}


def _data(field: Field, text: str) -> dict[str, object]:
    """Return a task's data of which `task_text` makes this text."""
    keys = field.inputs or ("text",)
    parts = (*(inputs_of(text) if len(keys) > 1 else (text,)), *[""] * len(keys))
    readings = from_words(field.reads, len(keys))
    return {key: shown_as(how, part) for key, how, part in zip(keys, readings, parts, strict=False)}


def _origin(row: ReleaseRow) -> dict[str, object]:
    return {
        "task_id": row.task_id,
        "source": row.source.value,
        "role": row.role.value,
        "round": row.round_number,
        "annotators": list(row.annotators),
        "annotations": list(row.annotations),
        "shown": row.shown,
        "version": row.version,
        "model_digest": row.model_digest,
        "raw_confidence": row.raw_confidence,
        "confidence": row.confidence,
    }
