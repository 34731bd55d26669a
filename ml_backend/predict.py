"""POST /predict: exactly one entry per task, in order; any doubt about a task leaves it alone (`[]`)."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import structlog
from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from labelloop.deadline import answer_within
from labelloop.domain.asked import parents_first, predictions_where_asked, regions_asked
from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field, Unit
from labelloop.domain.units import with_regions
from labelloop.domain.values import Span
from labelloop.errors import LabelLoopError, UserError
from ml_backend.metrics import Metrics
from ml_backend.responses import body, project_id
from ml_backend.serving import Serving
from ml_backend.snapshot import Loaded, Snapshot
from sync.codecs.form_codec import merged_prediction
from sync.codecs.region_codec import needs_data, task_text, validate, wire_prediction
from sync.config.label_config import parse

# A model may ask a neighbour; nobody should wait for a pre-annotation that is late.
ANSWER_WITHIN_S = 10.0

LONGEST_READ = 1_000_000
"""So many characters of a task's text, or turns of a dialogue, are read; no model looks that far."""

Entry = dict[str, Any] | list[Any]

log = structlog.get_logger()


def routes(serving: Serving, metrics: Metrics) -> Blueprint:
    """Return the route."""
    blueprint = Blueprint("predict", __name__)

    @blueprint.post("/predict")
    def predict() -> ResponseReturnValue:
        """Answer all tasks of the request by one snapshot, whatever is deployed meanwhile."""
        sent = body()
        tasks = sent.get("tasks")
        if not isinstance(tasks, list):
            raise UserError('\'tasks\' must be a list of Label Studio tasks: [{"id": 1, "data": {…}}, …].')
        g.project, g.tasks = project_id(sent.get("project")), len(tasks)
        snapshot = serving.snapshot(g.project)
        g.version = snapshot.name
        entries = pre_annotate(snapshot, sent.get("label_config"), tasks)
        g.blind = entries.count([])
        metrics.count_entries(g.project, made=len(entries) - g.blind, blind=g.blind)
        return {"results": entries, "model_version": snapshot.name}

    return blueprint


def pre_annotate(snapshot: Snapshot, label_config: object, tasks: list[Any]) -> list[Entry]:
    """Return one entry per task: what the versions of all fields say, as one prediction on the wire, or `[]`.

    `[]` goes to tasks that are not TRAIN tasks or have no role yet, have no text, or of which nothing is left: a field
    adds nothing whose prediction is not shown by the project's rules, or not allowed by the labelling configuration of
    this very request, or that people are not asked where the others say this, or whose model asks another service and
    gets no answer within ten seconds.
    """
    if not isinstance(label_config, str):
        return [[] for _ in tasks]
    said: list[list[tuple[Field, Prediction]]] = [[] for _ in tasks]
    with answer_within(ANSWER_WITHIN_S):
        by_name = {one.field.name: one for one in snapshot.loaded}
        for field in parents_first([found for one in snapshot.loaded if (found := _field(one, label_config))]):
            _answer(snapshot, by_name[field.name], field, label_config, tasks, said)
    return [_entry(snapshot, task, found) for task, found in zip(tasks, said, strict=True)]


def _answer(
    snapshot: Snapshot,
    loaded: Loaded,
    field: Field,
    label_config: str,
    tasks: list[Any],
    said: list[list[tuple[Field, Prediction]]],
) -> None:
    """Add to what is `said` of each task what a version says of its field, where people may be shown it."""
    texts = {place: text for place, task in enumerate(tasks) if (text := _text(snapshot, field, task))}
    if field.unit is Unit.REGION:
        texts = {
            place: with_regions(text, found) for place, text in texts.items() if (found := _about(field, said[place]))
        }
    if not texts:
        return
    accepts = _judge(label_config, field, snapshot.name)
    try:
        answers = loaded.model.predict(list(texts.values()))
    except LabelLoopError as error:
        log.warning("model_did_not_answer", version=loaded.version, reason=str(error))
        return
    for place, answer in zip(texts, answers, strict=True):
        if snapshot.shows(answer) and accepts(answer.value):
            said[place].append((field, answer))


def _entry(snapshot: Snapshot, task: Any, said: list[tuple[Field, Prediction]]) -> Entry:
    """Return one prediction that says all this; its score is the confidence of the least certain."""
    fields = {field.name: field for field, _ in said}
    shown = predictions_where_asked(fields, {field.name: answer for field, answer in said})
    if not shown:
        return []
    score = min(max(min(answer.confidence for answer in shown.values()), 0.0), 1.0)
    values = [(fields[name], answer.value) for name, answer in shown.items()]
    return merged_prediction(values, score=score, model_version=snapshot.name, data=readable(task["data"]))


def _about(field: Field, said: list[tuple[Field, Prediction]]) -> frozenset[Span]:
    """Return the regions that people would be asked about where they are shown what is said so far."""
    fields = {one.name: one for one, _ in said}
    return regions_asked(field, fields, {one.name: answer.value for one, answer in said})


def _field(loaded: Loaded, label_config: str) -> Field | None:
    """Return the model's field as the request's configuration has it, or None if it no longer has it."""
    try:
        field = parse(label_config).field(loaded.field.name)
    except UserError:
        return None
    return field if field and (field.kind, field.unit) == (loaded.field.kind, loaded.field.unit) else None


def _text(snapshot: Snapshot, field: Field, task: object) -> str:
    """Return the text to predict from, or an empty one where the task must be left alone."""
    match task:
        case {"id": int() as task_id, "data": dict() as data} if task_id in snapshot.train:
            text = task_text(field, readable(data))
            return text if text.strip() else ""
        case _:
            return ""


def readable(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's data with texts, pages and dialogues no longer than `LONGEST_READ`."""
    return {key: value[:LONGEST_READ] if isinstance(value, str | list) else value for key, value in data.items()}


def _judge(label_config: str, field: Field, name: str) -> Callable[[Any], bool]:
    """Return a test of values against the configuration that asks Label Studio's validator once per value."""

    @cache
    def accepts(value: Any) -> bool:
        if needs_data(field) or field.unit is Unit.REGION:  # other regions in each task, sound if their labels are
            return field.allows(value)
        sample = wire_prediction(field, value, score=0.5, model_version=name)
        return field.allows(value) and validate(label_config, sample) is None

    return accepts
