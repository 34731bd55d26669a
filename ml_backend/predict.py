"""POST /predict: exactly one entry per task, in order; any doubt about a task leaves it alone (`[]`)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Any

import structlog
from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from labelloop.deadline import answer_within
from labelloop.domain.asked import always_asked, is_asked, parents_first, predictions_where_asked, regions_asked
from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.units import with_regions
from labelloop.errors import LabelLoopError, UserError
from labelloop.learners.shared_texts import SharedTexts
from ml_backend.metrics import Metrics
from ml_backend.responses import body, project_id
from ml_backend.serving import Serving
from ml_backend.snapshot import Loaded, Snapshot
from ml_backend.task_texts import TaskTexts
from sync.codecs.form_codec import merged_prediction
from sync.codecs.region_codec import needs_data, to_regions, validate, wire_prediction
from sync.config.label_config import parse

# A model may ask a neighbour; nobody should wait for a pre-annotation that is late.
ANSWER_WITHIN_S = 10.0

Entry = dict[str, Any] | list[Any]
Regions = list[dict[str, object]]
Said = dict[str, tuple[Prediction, Regions | None]]
"""What is said of a task, by field, and the regions that say it; None where those differ from task to task."""

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
    by_name = {one.field.name: one for one in snapshot.loaded}
    fields = parents_first([found for one in snapshot.loaded if (found := _field(one, label_config))])
    known = {field.name: field for field in fields}
    given, shared = TaskTexts(snapshot.train, tasks), dict[SharedTexts, SharedTexts]()
    said: list[Said] = [{} for _ in tasks]
    with answer_within(ANSWER_WITHIN_S):
        for field in fields:
            name, shows, write = field.name, snapshot.shows, _writer(label_config, field)
            for place, answer in _answers(by_name[name], _asked(field, known, given.texts(field), said), shared):
                if shows(answer):
                    is_sound, regions = write(answer.value)
                    if is_sound:
                        said[place][name] = answer, regions
    shown = said if always_asked(fields) else [_where_asked(known, found) for found in said]
    return [_entry(snapshot, known, given.data.get(place, {}), found) for place, found in enumerate(shown)]


def _answers(
    loaded: Loaded, asked: Mapping[int, str], shared: dict[SharedTexts, SharedTexts]
) -> Iterable[tuple[int, Prediction]]:
    """Return what a version says of texts, beside their keys; nothing where it does not answer.

    `shared` are the texts that versions were asked about before, and gets these.
    """
    texts = SharedTexts(asked.values())
    try:
        answers = loaded.model.predict(shared.setdefault(texts, texts)) if texts else []
    except LabelLoopError as error:
        log.warning("model_did_not_answer", version=loaded.version, reason=str(error))
        return ()
    return zip(asked, answers, strict=True)


def _where_asked(fields: Mapping[str, Field], said: Said) -> Said:
    shown = predictions_where_asked(fields, {name: answer for name, (answer, _) in said.items()})
    return {name: (answer, said[name][1]) for name, answer in shown.items()}


def _entry(snapshot: Snapshot, fields: Mapping[str, Field], data: Mapping[str, Any], shown: Said) -> Entry:
    """Return one prediction that says all this; its score is the confidence of the least certain."""
    if not shown:
        return []
    score = min(max(min([answer.confidence for answer, _ in shown.values()]), 0.0), 1.0)
    written = [regions for _, regions in shown.values() if regions is not None]
    if len(written) == len(shown):
        return {"result": list(chain(*written)), "score": score, "model_version": snapshot.name}
    values = [(fields[name], answer.value) for name, (answer, _) in shown.items()]
    return merged_prediction(values, score=score, model_version=snapshot.name, data=data)


def _asked(
    field: Field, fields: Mapping[str, Field], texts: Mapping[int, str], said: Sequence[Said]
) -> Mapping[int, str]:
    """Return the texts of those tasks in which people are asked for the field where they are shown what is said so far.

    Of a field about regions each names those that it is asked about.
    """
    if field.condition is None:
        return texts
    answers = {place: {name: one.value for name, (one, _) in said[place].items()} for place in texts}
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


def _writer(label_config: str, field: Field) -> Callable[[Any], tuple[bool, Regions | None]]:
    """Return what tells of a value whether the configuration allows it, and which regions say it in every task.

    It does so once per value, whatever the number of tasks; nobody may change the regions.
    """
    differs = needs_data(field) or field.is_about_regions

    @cache
    def written(value: Any) -> tuple[bool, Regions | None]:
        is_sound = _is_sound(label_config, field, value)
        return is_sound, to_regions(field, value) if is_sound and not differs else None

    return written


@lru_cache(maxsize=4096)
def _is_sound(label_config: str, field: Field, value: Any) -> bool:
    """Return whether Label Studio's validator, too, accepts a value of the field."""
    if not field.allows(value):
        return False
    if needs_data(field) or field.is_about_regions:  # other regions in each task, sound if their labels are
        return True
    return validate(label_config, wire_prediction(field, value, score=0.5, model_version="any")) is None
