"""Released rows as tasks that Label Studio imports: people's labels as annotations, the model's as predictions."""

import json
from collections.abc import Sequence

from labelloop.domain.own_columns import own_parts
from labelloop.domain.release_row import ReleasedTask, ReleaseRow, Source
from labelloop.domain.schema import Field
from labelloop.stores.release_schema import ORIGIN
from sync.codecs.form_codec import merged_regions
from sync.codecs.region_codec import task_data, to_regions


def label_studio_json(field: Field, rows: Sequence[ReleaseRow]) -> bytes:
    """Return a JSON list of tasks, in order of task id, for a project with the same labelling configuration.

    People's consensus is one annotation, without an author since user ids differ between installations; the origin of
    each label stands in the task's `meta`, beside what was there. Data are as they were imported; where that is not
    known, a page is given back as one block of its text, a dialogue as one paragraph for each of its lines.
    """
    return _json([_task(field, row) for row in sorted(rows, key=lambda row: row.task_id)])


def form_json(fields: Sequence[Field], tasks: Sequence[ReleasedTask]) -> bytes:
    """Return the same of a release of several fields: one annotation says all that people say of a task.

    What a model says of the others is one prediction. The origin of each label stands in `meta.labelloop` by field.
    """
    return _json([_form_task(fields, task) for task in tasks])


def _form_task(fields: Sequence[Field], task: ReleasedTask) -> dict[str, object]:
    own = own_parts(task.own)
    labels = [(field, task.labels[field.name]) for field in fields if field.name in task.labels]
    data = own.get("data") or {key: part for one, row in labels for key, part in task_data(one, row.text).items()}
    regions = {
        source: merged_regions([(field, row.value) for field, row in labels if row.source is source], data)
        for source in Source
    }
    by_model = [row for _, row in labels if row.source is Source.MODEL]
    found: dict[str, object] = {}
    if len(by_model) < len(labels):
        found["annotations"] = [{"result": regions[Source.PEOPLE], "ground_truth": False}]
    if by_model:
        version, score = "+".join(row.version for row in by_model), min(row.confidence or 0.0 for row in by_model)
        found["predictions"] = [{"result": regions[Source.MODEL], "score": score, "model_version": version}]
    origins = {name: ORIGIN.records([row])[0] for name, row in task.labels.items()}
    return {"data": data, "meta": {**own.get("meta", {}), "labelloop": origins}, **found}


def _json(tasks: Sequence[dict[str, object]]) -> bytes:
    return json.dumps(tasks, ensure_ascii=False, indent=1).encode() + b"\n"


def _task(field: Field, row: ReleaseRow) -> dict[str, object]:
    own = own_parts(row.own)
    data = own.get("data") or task_data(field, row.text)
    regions = to_regions(field, row.value, data)
    labels: dict[str, object] = (
        # Label Studio takes imported annotations for ground truth unless told otherwise.
        {"annotations": [{"result": regions, "ground_truth": False}]}
        if row.source is Source.PEOPLE
        else {"predictions": [{"result": regions, "score": row.confidence, "model_version": row.version}]}
    )
    return {"data": data, "meta": {**own.get("meta", {}), "labelloop": ORIGIN.records([row])[0]}, **labels}
