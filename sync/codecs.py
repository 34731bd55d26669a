"""Between Label Studio's regions and our values: one codec per kind of field, used by pull, push and /predict alike."""

from collections.abc import Hashable, Mapping, Sequence
from typing import assert_never

from labelloop.domain.schema import PLAIN_TEXT, Field
from labelloop.domain.tasks import INPUT_BREAK, Origin, Prediction
from labelloop.domain.values import (
    PATH_BREAK,
    Choice,
    Choices,
    FieldKind,
    Rating,
    Span,
    Spans,
    Text,
    Value,
)
from labelloop.errors import BrokenPromise, UserError
from sync.documents import Document, document
from sync.label_config import interface
from sync.reading import from_words
from sync.regions import atoms, region, span_region
from sync.wire import WireAnnotation, WirePrediction

Data = Mapping[str, object]


def decode(field: Field, result: Sequence[object], data: Data | None = None) -> Value | None:
    """Return what the regions say of the field, whether or not the field still allows it; None where unanswered.

    One choice, a side of a pair, stars: None also where the regions contradict each other (no single value can be
    told). Several choices, a taxonomy, spans: no region, or an empty one, means "none", since that is what Label
    Studio stores when nothing is ticked or marked. Several texts are the lines of one. Regions of other controls,
    malformed ones and spans outside of the text are passed over, the same said twice counts once. `data` is the task's,
    needed for spans in anything but a plain text.
    """
    said = _said(field, result, data)
    match field.kind:
        case FieldKind.CHOICE | FieldKind.PAIRWISE:
            return Choice(str(said[0])) if len(set(said)) == 1 else None
        case FieldKind.CHOICES | FieldKind.TAXONOMY:
            return Choices(frozenset(map(str, said)))
        case FieldKind.RATING:
            stars = {atom for atom in said if isinstance(atom, int)}
            return Rating(stars.pop(), of=len(field.labels)) if len(stars) == 1 else None
        case FieldKind.SPANS:
            return Spans(frozenset(atom for atom in said if isinstance(atom, Span)))
        case FieldKind.TEXT:
            return Text("\n".join(map(str, said))) if said else None
        case _:
            assert_never(field.kind)


def encode(field: Field, value: Value, data: Data | None = None) -> list[dict[str, object]]:
    """Return the regions that say the value, labels in the field's order; none where it is empty.

    Regions carry no score of their own: people would see it and might be led by it. Spans of which people see nothing
    are left out. `data` is the task's, needed for spans in anything but a plain text. Raises BrokenPromise where the
    value is of another kind than the field.
    """
    match field.kind, value:
        case (FieldKind.CHOICE, Choice(label)):
            return [region(field, "choices", {"choices": [label]})]
        case (FieldKind.PAIRWISE, Choice(label)):
            return [region(field, "pairwise", {"selected": label})]
        case (FieldKind.CHOICES, Choices(labels)):
            return [region(field, "choices", {"choices": _ordered(field, labels)})] if labels else []
        case (FieldKind.TAXONOMY, Choices(labels)):
            paths = [path.split(PATH_BREAK) for path in _ordered(field, labels)]
            return [region(field, "taxonomy", {"taxonomy": paths})] if paths else []
        case (FieldKind.RATING, Rating(stars)):
            return [region(field, "rating", {"rating": stars})]
        case (FieldKind.TEXT, Text(text)):
            return [region(field, "textarea", {"text": [text]})] if text.strip() else []
        case (FieldKind.SPANS, Spans(spans)):
            shown = _spanned(field, data)
            return [made for span in sorted(spans) if (made := span_region(field, span, shown))]
        case _:
            raise BrokenPromise(f"A {type(value).__name__} cannot be said of the {field.kind} field {field.name}.")


def wire_prediction(
    field: Field, prediction: Prediction | None, *, score: float, model_version: str, data: Data | None = None
) -> dict[str, object]:
    """Return a prediction as /predict and the bulk push both send it; without one the task is shown blind.

    `score` in [0, 1] is the task's place in the queue (lowest first), not the model's confidence. `data` is the task's,
    needed where `needs_data` says so.
    """
    regions = encode(field, prediction.value, data) if prediction else []
    return {"result": regions, "score": score, "model_version": model_version}


def needs_data(field: Field) -> bool:
    """Return whether values can be written and read only with the task's data: spans in HTML or paragraphs."""
    return field.kind is FieldKind.SPANS and field.reads != PLAIN_TEXT


def task_text(field: Field, data: Data) -> str:
    """Return what a model reads of a task's data: the field's inputs, several of them parted by `INPUT_BREAK`.

    An input that is missing, or not of the kind that its tag shows, is empty; the answer is empty where all are.
    """
    readings = from_words(field.reads, len(field.inputs))
    parts = [document(how, data.get(key)).text for how, key in zip(readings, field.inputs, strict=True)]
    if len(parts) == 1:
        return parts[0]
    return INPUT_BREAK.join(part.replace(INPUT_BREAK, "\n") for part in parts) if any(parts) else ""


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


def origin(
    field: Field,
    annotation: WireAnnotation,
    predictions: Sequence[WirePrediction] = (),
    data: Data | None = None,
) -> Origin:
    """Return what the person did with the pre-annotation they were shown.

    IMPORTED: nobody saved it (an import, or "Create annotations from predictions"). MANUAL: nothing was shown, or an
    empty prediction. Otherwise ACCEPTED or CORRECTED, by comparison with the prediction if it is among `predictions`
    (those the task still has), else by the regions' own `origin`. `data` is the task's, as for `decode`.
    """
    if annotation.updated_by is None and annotation.completed_by is not None:
        return Origin.IMPORTED
    if annotation.parent_prediction is None:
        return Origin.MANUAL
    shown = next((p for p in predictions if p.id == annotation.parent_prediction), None)
    if shown is not None:
        before, after = (frozenset(_said(field, result, data)) for result in (shown.result, annotation.result))
        return Origin.MANUAL if not before else Origin.ACCEPTED if before == after else Origin.CORRECTED
    return _by_regions(field, annotation, data)


def _by_regions(field: Field, annotation: WireAnnotation, data: Data | None) -> Origin:
    spanned = _spanned(field, data)
    marks = {
        found.get("origin")
        for found in annotation.result
        if isinstance(found, Mapping) and atoms(field, found, spanned)
    }
    if marks == {"prediction"}:
        return Origin.ACCEPTED
    return Origin.MANUAL if marks <= {"manual", None} else Origin.CORRECTED


def _said(field: Field, result: Sequence[object], data: Data | None) -> list[Hashable]:
    spanned = _spanned(field, data)
    return [atom for found in result for atom in atoms(field, found, spanned)]


def _spanned(field: Field, data: Data | None) -> Document | None:
    """Return what the field's spans lie in; None for other kinds, and where offsets must be taken as they are."""
    if field.kind is not FieldKind.SPANS:
        return None
    if data is None:
        if needs_data(field):
            raise BrokenPromise(f"The spans of {field.name} cannot be told without the task's data.")
        return None
    (how,) = from_words(field.reads, 1)
    return document(how, data.get(field.inputs[0]))


def _ordered(field: Field, labels: frozenset[str]) -> list[str]:
    place = {label: rank for rank, label in enumerate(field.labels)}
    return sorted(labels, key=lambda label: (place.get(label, len(place)), label))
