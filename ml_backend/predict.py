"""POST /predict: exactly one entry per task, in order; any doubt about a task leaves it alone (`[]`)."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache, partial
from typing import Any

import structlog
from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from labelloop.deadline import answer_within
from labelloop.domain.asked import is_asked, parents_first, predictions_where_asked, regions_asked
from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.units import with_regions
from labelloop.errors import LabelLoopError, UserError
from ml_backend.metrics import Metrics
from ml_backend.responses import body, project_id
from ml_backend.serving import Serving
from ml_backend.snapshot import Loaded, Snapshot
from ml_backend.task_texts import TaskTexts
from sync.codecs.form_codec import merged_prediction
from sync.codecs.region_codec import needs_data, validate, wire_prediction
from sync.config.label_config import parse

# A model may ask a neighbour; nobody should wait for a pre-annotation that is late.
ANSWER_WITHIN_S = 10.0

Entry = dict[str, Any] | list[Any]
Said = dict[str, Prediction]
"""What is said of a task, by field."""

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
    given = TaskTexts(snapshot.train, tasks)
    said: list[Said] = [{} for _ in tasks]
    by_name = {one.field.name: one for one in snapshot.loaded}
    fields = parents_first([found for one in snapshot.loaded if (found := _field(one, label_config))])
    known = {field.name: field for field in fields}
    with answer_within(ANSWER_WITHIN_S):
        for field in fields:
            texts = _asked(field, known, given.texts(field), said)
            _answer(snapshot, by_name[field.name], field, label_config, texts, said)
    return [_entry(snapshot, known, given.data.get(place, {}), found) for place, found in enumerate(said)]


def _answer(
    snapshot: Snapshot, loaded: Loaded, field: Field, label_config: str, texts: Mapping[int, str], said: list[Said]
) -> None:
    """Add to what is `said` of each task what a version says of its field, where people may be shown it."""
    if not texts:
        return
    accepts = _judge(label_config, field)
    try:
        answers = loaded.model.predict(list(texts.values()))
    except LabelLoopError as error:
        log.warning("model_did_not_answer", version=loaded.version, reason=str(error))
        return
    for place, answer in zip(texts, answers, strict=True):
        if snapshot.shows(answer) and accepts(answer.value):
            said[place][field.name] = answer


def _entry(snapshot: Snapshot, fields: Mapping[str, Field], data: Mapping[str, Any], said: Said) -> Entry:
    """Return one prediction that says all this; its score is the confidence of the least certain."""
    shown = predictions_where_asked(fields, said)
    if not shown:
        return []
    score = min(max(min(answer.confidence for answer in shown.values()), 0.0), 1.0)
    values = [(fields[name], answer.value) for name, answer in shown.items()]
    return merged_prediction(values, score=score, model_version=snapshot.name, data=data)


def _asked(
    field: Field, fields: Mapping[str, Field], texts: Mapping[int, str], said: Sequence[Said]
) -> Mapping[int, str]:
    """Return the texts of those tasks in which people are asked for the field where they are shown what is said so far.

    Of a field about regions each names those that it is asked about.
    """
    if field.condition is None:
        return texts
    answers = {place: {name: one.value for name, one in said[place].items()} for place in texts}
    if field.is_about_regions:
        regions = {place: regions_asked(field, fields, answers[place]) for place in texts}
        return {
            place: with_regions(texts[place], found)
            for place, found in regions.items()
            if len(found) >= field.least_regions
        }
    return {place: text for place, text in texts.items() if is_asked(field, fields, answers[place])}


def _field(loaded: Loaded, label_config: str) -> Field | None:
    """Return the model's field as the request's configuration has it, or None if it no longer has it."""
    try:
        field = parse(label_config).field(loaded.field.name)
    except UserError:
        return None
    return field if field and (field.kind, field.unit) == (loaded.field.kind, loaded.field.unit) else None


def _judge(label_config: str, field: Field) -> Callable[[Any], bool]:
    """Return a test of values against the configuration that is made once per value."""
    return cache(partial(_is_sound, label_config, field))


@lru_cache(maxsize=4096)
def _is_sound(label_config: str, field: Field, value: Any) -> bool:
    """Return whether Label Studio's validator, too, accepts a value of the field."""
    if not field.allows(value):
        return False
    if needs_data(field) or field.is_about_regions:  # other regions in each task, sound if their labels are
        return True
    return validate(label_config, wire_prediction(field, value, score=0.5, model_version="any")) is None
