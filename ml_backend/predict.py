"""POST /predict: exactly one entry per task, in order; any doubt about a task leaves it alone (`[]`)."""

from collections.abc import Callable
from functools import cache
from math import isfinite
from typing import Any

import structlog
from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from labelloop.domain.schema import Field
from labelloop.domain.tasks import Prediction
from labelloop.errors import LabelLoopError, UserError
from labelloop.patience import answer_within
from ml_backend.answers import body, project_id
from ml_backend.metrics import Metrics
from ml_backend.serving import Serving
from ml_backend.snapshot import Loaded, Snapshot
from sync.codecs import needs_data, task_text, validate, wire_prediction
from sync.label_config import parse

# A model may ask a neighbour; nobody should wait for a pre-annotation that is late.
ANSWER_WITHIN_S = 10.0

Entry = dict[str, Any] | list[Any]

log = structlog.get_logger()


def routes(serving: Serving, metrics: Metrics) -> Blueprint:
    """Return the route."""
    blueprint = Blueprint("predict", __name__)

    @blueprint.post("/predict")
    def predict() -> ResponseReturnValue:
        """Answer all tasks of the request by one snapshot, whatever is deployed meanwhile."""
        asked = body()
        tasks = asked.get("tasks")
        if not isinstance(tasks, list):
            raise UserError('\'tasks\' must be a list of Label Studio tasks: [{"id": 1, "data": {…}}, …].')
        g.project, g.tasks = project_id(asked.get("project")), len(tasks)
        snapshot = serving.snapshot(g.project)
        g.version = snapshot.name
        entries = pre_annotate(snapshot, asked.get("label_config"), tasks)
        g.blind = entries.count([])
        metrics.count_entries(g.project, made=len(entries) - g.blind, blind=g.blind)
        return {"results": entries, "model_version": snapshot.name}

    return blueprint


def pre_annotate(snapshot: Snapshot, label_config: object, tasks: list[Any]) -> list[Entry]:
    """Return one entry per task: its prediction on the wire, or `[]`.

    `[]` goes to tasks that are not TRAIN tasks or have no role yet, have no text, or whose prediction the labelling
    configuration of this very request does not allow; and to all of them where it cannot be read, or where a model that
    asks another service gets no answer from it within ten seconds.
    """
    entries: list[Entry] = [[] for _ in tasks]
    field = _field(snapshot.loaded, label_config)
    if snapshot.loaded is None or field is None or not isinstance(label_config, str):
        return entries
    texts = {place: text for place, task in enumerate(tasks) if (text := _text(snapshot, field, task))}
    if not texts:
        return entries
    accepts = _judge(label_config, field, snapshot.name)
    try:
        with answer_within(ANSWER_WITHIN_S):
            answers = snapshot.loaded.model.answer(list(texts.values()))
    except LabelLoopError as error:
        log.warning("model_did_not_answer", version=snapshot.loaded.version, because=str(error))
        return entries
    for place, answer in zip(texts, answers, strict=True):
        if isfinite(answer.confidence) and answer.is_shown and accepts(answer.value):
            score = min(max(answer.confidence, 0.0), 1.0)
            prediction = Prediction(tasks[place]["id"], answer.value, score)
            data = tasks[place]["data"]
            entries[place] = wire_prediction(field, prediction, score=score, model_version=snapshot.name, data=data)
    return entries


def _field(loaded: Loaded | None, label_config: object) -> Field | None:
    """Return the model's field as the request's configuration has it, or None if it no longer has it."""
    if loaded is None or not isinstance(label_config, str):
        return None
    try:
        field = parse(label_config).field(loaded.field.name)
    except UserError:
        return None
    return field if field and field.kind is loaded.field.kind else None


def _text(snapshot: Snapshot, field: Field, task: object) -> str:
    """Return the text to predict from, or an empty one where the task must be left alone."""
    match task:
        case {"id": int() as task_id, "data": dict() as data} if task_id in snapshot.train:
            text = task_text(field, data)
            return text if text.strip() else ""
        case _:
            return ""


def _judge(label_config: str, field: Field, name: str) -> Callable[[Any], bool]:
    """Return a test of values against the configuration that asks Label Studio's validator once per value."""

    @cache
    def accepts(value: Any) -> bool:
        if needs_data(field):  # the same spans are other regions in each task, and sound if their labels are
            return field.allows(value)
        sample = wire_prediction(field, Prediction(0, value, 0.5), score=0.5, model_version=name)
        return field.allows(value) and validate(label_config, sample) is None

    return accepts
