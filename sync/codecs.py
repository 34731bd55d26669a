"""Between Label Studio's regions and our values: one codec per kind of field, used by pull, push and /predict alike."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import assert_never

from labelloop.domain.schema import Field
from labelloop.domain.tasks import Origin, Prediction
from labelloop.domain.values import Choice, Choices, FieldKind, Value
from labelloop.errors import BrokenPromise, UserError
from sync.label_config import interface
from sync.wire import WireAnnotation, WirePrediction

Region = Mapping[str, object]


def decode(field: Field, result: Sequence[object]) -> Value | None:
    """Return what the regions say of the field, whether or not the field still allows it; None where unanswered.

    One choice: None also where the regions contradict each other (no single value can be told). Several choices: no
    region, or an empty one, means "none of the labels", since that is what Label Studio stores when nothing is ticked.
    Regions of other controls and malformed ones are passed over.
    """
    labels = [label for region in result for label in _labels(field, region)]
    match field.kind:
        case FieldKind.CHOICE:
            return Choice(labels[0]) if len(set(labels)) == 1 else None
        case FieldKind.CHOICES:
            return Choices(frozenset(labels))
        case _:
            assert_never(field.kind)


def encode(field: Field, value: Value) -> list[dict[str, object]]:
    """Return the regions that say the value, labels in the field's order; none for an empty set of choices.

    Regions carry no score of their own: people would see it and might be led by it. Raises BrokenPromise where the
    value is of another kind than the field.
    """
    match field.kind, value:
        case (FieldKind.CHOICE, Choice(label)):
            return [_region(field, [label])]
        case (FieldKind.CHOICES, Choices(labels)):
            return [_region(field, _ordered(field, labels))] if labels else []
        case _:
            raise BrokenPromise(f"A {type(value).__name__} cannot be said of the {field.kind} field {field.name}.")


def wire_prediction(
    field: Field, prediction: Prediction | None, *, score: float, model_version: str
) -> dict[str, object]:
    """Return a prediction as /predict and the bulk push both send it; without one the task is shown blind.

    `score` in [0, 1] is the task's place in the queue (lowest first), not the model's confidence.
    """
    regions = encode(field, prediction.value) if prediction else []
    return {"result": regions, "score": score, "model_version": model_version}


def task_text(field: Field, data: Mapping[str, object]) -> str:
    """Return what a model reads of a task's data: the field's inputs joined by new lines.

    NUL characters and halves of surrogate pairs, which databases and files refuse, are removed or replaced. An input
    that is missing or no text adds nothing; the answer is empty where all are.
    """
    parts = [part for key in field.inputs if isinstance(part := data.get(key), str)]
    return "\n".join(parts).replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def validate(label_config: str, prediction: Mapping[str, object]) -> str | None:
    """Return why Label Studio should not be given this prediction, None where it is sound.

    Label Studio stores unsound ones as they are, drops them silently, or tells annotators that the queue is finished.
    """
    score, version = prediction.get("score"), prediction.get("model_version")
    if not isinstance(score, int | float) or isinstance(score, bool):
        return "the score is not a number"
    if not isinstance(version, str) or not version:
        return "the model version is not a text"
    try:
        faults: list[str] = interface(label_config).validate_prediction(dict(prediction), return_errors=True)  # type: ignore[no-untyped-call]
    except UserError as error:
        return str(error)
    return "; ".join(faults) or None


def origin(field: Field, annotation: WireAnnotation, predictions: Sequence[WirePrediction] = ()) -> Origin:
    """Return what the person did with the pre-annotation they were shown.

    IMPORTED: nobody saved it (an import, or "Create annotations from predictions"). MANUAL: nothing was shown, or an
    empty prediction. Otherwise ACCEPTED or CORRECTED, by comparison with the prediction if it is among `predictions`
    (those the task still has), else by the regions' own `origin`.
    """
    if annotation.updated_by is None and annotation.completed_by is not None:
        return Origin.IMPORTED
    if annotation.parent_prediction is None:
        return Origin.MANUAL
    shown = next((p for p in predictions if p.id == annotation.parent_prediction), None)
    if shown is not None:
        before, after = _all_labels(field, shown.result), _all_labels(field, annotation.result)
        return Origin.MANUAL if not before else Origin.ACCEPTED if before == after else Origin.CORRECTED
    return _by_regions(field, annotation)


def _by_regions(field: Field, annotation: WireAnnotation) -> Origin:
    marks = {
        region.get("origin") for region in annotation.result if isinstance(region, Mapping) and _labels(field, region)
    }
    if marks == {"prediction"}:
        return Origin.ACCEPTED
    return Origin.MANUAL if marks <= {"manual", None} else Origin.CORRECTED


def _all_labels(field: Field, result: Sequence[object]) -> frozenset[str]:
    return frozenset(label for region in result for label in _labels(field, region))


def _labels(field: Field, region: object) -> list[str]:
    match region:
        case {"from_name": field.name, "type": "choices", "value": {"choices": list(labels)}}:
            return [label for label in labels if isinstance(label, str)]
        case _:
            return []


def _region(field: Field, labels: Sequence[str]) -> dict[str, object]:
    return {
        "id": hashlib.blake2b(field.name.encode(), digest_size=5).hexdigest(),
        "from_name": field.name,
        "to_name": field.to_name,
        "type": "choices",
        "value": {"choices": list(labels)},
    }


def _ordered(field: Field, labels: frozenset[str]) -> list[str]:
    place = {label: rank for rank, label in enumerate(field.labels)}
    return sorted(labels, key=lambda label: (place.get(label, len(place)), label))
