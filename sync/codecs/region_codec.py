"""Between Label Studio's regions and our values: one codec per kind of field, used by pull, push and /predict alike."""

from collections.abc import Callable, Hashable, Mapping, Sequence

from labelloop.domain.field_texts import joined
from labelloop.domain.renames import renamed_atom
from labelloop.domain.schema import PLAIN_TEXT, Field, Input
from labelloop.domain.tasks import Origin, inputs_of
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import (
    OF_THE_TASK,
    PATH_BREAK,
    QUANTITIES,
    Choice,
    Choices,
    FieldKind,
    Moment,
    Number,
    Ranking,
    Rating,
    Span,
    Spans,
    Text,
    Value,
)
from labelloop.errors import BrokenPromise, UserError
from sync.api.wire import WireAnnotation, WirePrediction
from sync.codecs.region_shapes import atoms, is_region, region, span_region
from sync.codecs.shown_text import Document, document, shown_as
from sync.codecs.task_options import answer_of_items, is_nested
from sync.config.label_config import interface
from sync.config.object_tags import Reading, from_words
from sync.config.task_paths import at, placed

Data = Mapping[str, object]
_ONE_REGION = OF_THE_TASK | QUANTITIES


def read_answer(field: Field, result: Sequence[object], data: Data | None = None) -> Value | Unanswered:
    """Return what the regions say of the field, whether or not the field still allows it, or why they say nothing.

    Several choices, a taxonomy, spans: no region, or an empty one, means "none", since that is what Label Studio stores
    when nothing is ticked or marked; for other kinds it is no answer. Several texts are the lines of one. Regions of
    other controls are passed over, the same said twice counts once. One region of the field that cannot be read, or a
    span outside of the text, makes the whole answer unreadable: what is left of it might be another one. `data` is the
    task's, needed for spans in anything but a plain text.
    """
    spanned = _spanned(field, data)
    regions = [atoms(field, found, spanned) for found in result]
    if None in regions or (result and not any(map(is_region, result))):
        return Unanswered.UNREADABLE
    every = _renamed(field, [atom for some in regions for atom in some or ()])
    found = list(dict.fromkeys(every))
    if field.kind in OF_THE_TASK:
        return answer_of_items(field, found, data)
    match field.kind:
        case FieldKind.CHOICES | FieldKind.TAXONOMY:
            return Choices(frozenset(map(str, found)))
        case FieldKind.SPANS:
            return Spans(frozenset(atom for atom in found if isinstance(atom, Span)))
        case _ if not found:
            return Unanswered.EMPTY
        case FieldKind.TEXT:
            return Text("\n".join(map(str, every)))
        case _ if len(found) > 1:
            return Unanswered.CONTRADICTORY
        case FieldKind.CHOICE | FieldKind.PAIRWISE:
            return Choice(str(found[0]))
        case FieldKind.RATING:
            return Rating(int(str(found[0])), of=len(field.labels))
        case _:
            return _quantity(field, found[0])


def from_regions(field: Field, result: Sequence[object], data: Data | None = None) -> Value | None:
    """Return what the regions say of the field, as `read_answer` does; None where it is unanswered."""
    found = read_answer(field, result, data)
    return None if isinstance(found, Unanswered) else found


def to_regions(field: Field, value: Value, data: Data | None = None) -> list[dict[str, object]]:
    """Return the regions that say the value, labels in the field's order; none where it is empty.

    Regions carry no score of their own: people would see it and might be led by it. Spans of which people see nothing
    are left out. `data` is the task's, needed for spans in anything but a plain text. Raises BrokenPromise where the
    value is of another kind than the field.
    """
    if field.kind in _ONE_REGION:
        return _one_region(field, value)
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


def _one_region(field: Field, value: Value) -> list[dict[str, object]]:
    match field.kind, value:
        case FieldKind.NUMBER, Number(number):
            return [region(field, "number", {"number": int(number) if float(number).is_integer() else number})]
        case FieldKind.DATETIME, Moment() as moment:
            return [region(field, "datetime", {"datetime": field.line.written(moment)})]
        case FieldKind.OPTION, Choice(label):
            return [region(field, "choices", _ticked(field, [label]))]
        case FieldKind.OPTIONS, Choices(labels):
            return [region(field, "choices", _ticked(field, sorted(labels)))] if labels else []
        case FieldKind.RANKING, Ranking(columns):
            return [region(field, "ranker", {"ranker": {name: list(items) for name, items in columns}})]
        case _:
            raise BrokenPromise(f"A {type(value).__name__} cannot be said of the {field.kind} field {field.name}.")


def _ticked(field: Field, options: list[str]) -> dict[str, object]:
    """Return how a choice of the task's own is stored.

    Label Studio stores nested ones as paths, which its own check of predictions does not know. What stands under the
    control's name it checks in their place: their last steps. Its editor reads the paths, and stores nothing else.
    """
    if not is_nested(field):
        return {"choices": options}
    paths = [option.split(PATH_BREAK) for option in options]
    return {"choices": paths, field.name: {"choices": [path[-1] for path in paths]}}


def wire_prediction(
    field: Field, value: Value | None, *, score: float, model_version: str, data: Data | None = None
) -> dict[str, object]:
    """Return a prediction as /predict and the bulk push both send it; without a value the task is shown blind.

    `score` in [0, 1] is the task's place in the queue (lowest first), not the model's confidence. `data` is the task's,
    needed where `needs_data` says so.
    """
    regions = [] if value is None else to_regions(field, value, data)
    return {"result": regions, "score": score, "model_version": model_version}


def needs_data(field: Field) -> bool:
    """Return whether values can be written and read only with the task's data: spans in HTML or paragraphs."""
    return (field.kind is FieldKind.SPANS or field.is_about_regions) and field.reads != PLAIN_TEXT


def task_text(field: Field, data: Data) -> str:
    """Return what a model reads of a task's data: the field's inputs, several of them parted by `INPUT_BREAK`.

    An input that is missing, or that its tag does not show, is empty; the answer is empty where all are.
    """
    return inputs_text(field.read_inputs, data)


def inputs_text(inputs: Sequence[Input], data: Data) -> str:
    """Return these inputs of a task's data as one text, as `task_text` does."""
    parts = [document(Reading.from_word(one.reading), at(data, one.key)).text for one in inputs]
    return parts[0] if len(parts) == 1 else joined(parts)


def task_data(field: Field, text: str) -> dict[str, object]:
    """Return a task's data of which `task_text` makes this text; inputs that the text lacks are empty."""
    keys = field.inputs or ("text",)
    parts = (*(inputs_of(text) if len(keys) > 1 else (text,)), *[""] * len(keys))
    readings = from_words(field.reads, len(keys))
    return placed({key: shown_as(how, part) for key, how, part in zip(keys, readings, parts, strict=False)})


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
        problems: list[str] = interface(label_config).validate_prediction(dict(prediction), return_errors=True)  # type: ignore[no-untyped-call]
    except UserError as error:
        return str(error)
    return "; ".join(problems) or None


def origin(
    field: Field, annotation: WireAnnotation, predictions: Sequence[WirePrediction] = (), data: Data | None = None
) -> Origin:
    """Return what the person did with the pre-annotation they were shown.

    IMPORTED: nobody saved it (an import, or "Create annotations from predictions"). MANUAL: nothing was shown, or an
    empty prediction. Otherwise ACCEPTED or CORRECTED, by comparison with the prediction if it is among `predictions`
    (those the task still has), else by the regions' own `origin`: Label Studio forgets predictions that were deleted,
    regions do not. `data` is the task's, as for `from_regions`.
    """
    spanned = _spanned(field, data)
    return origin_by(
        annotation,
        predictions,
        said=lambda result: frozenset(_atoms_of(field, result, data)),
        is_about=lambda region: bool(atoms(field, region, spanned)),
    )


def origin_by(
    annotation: WireAnnotation,
    predictions: Sequence[WirePrediction],
    *,
    said: Callable[[Sequence[object]], frozenset[Hashable]],
    is_about: Callable[[object], bool],
) -> Origin:
    """Return the same, where `said` is what a result says of a field and `is_about` whether a region says it."""
    if is_imported(annotation):
        return Origin.IMPORTED
    shown = next((p for p in predictions if p.id == annotation.parent_prediction), None)
    if shown is None:
        return _by_regions(annotation, is_about)
    before, after = said(shown.result), said(annotation.regions)
    return Origin.MANUAL if not before else Origin.ACCEPTED if before == after else Origin.CORRECTED


def is_imported(annotation: WireAnnotation) -> bool:
    """Return whether no person has saved it."""
    return annotation.updated_by is None and annotation.completed_by is not None


def _by_regions(annotation: WireAnnotation, is_about: Callable[[object], bool]) -> Origin:
    marks = {found.get("origin") for found in annotation.regions if isinstance(found, Mapping) and is_about(found)}
    if marks == {"prediction"}:
        return Origin.ACCEPTED
    return Origin.MANUAL if marks <= {"manual", None} else Origin.CORRECTED


def _atoms_of(field: Field, result: Sequence[object], data: Data | None) -> list[Hashable]:
    spanned = _spanned(field, data)
    return _renamed(field, [atom for region in result for atom in atoms(field, region, spanned) or ()])


def _renamed(field: Field, found: list[Hashable]) -> list[Hashable]:
    if field.kind is FieldKind.TEXT or field.kind in QUANTITIES | OF_THE_TASK or not field.renames:
        return found
    return [renamed_atom(atom, field.renames) for atom in found]


def _quantity(field: Field, atom: Hashable) -> Number | Moment | Unanswered:
    """Return the number or moment; one beyond the control's ends or between its steps is none, as people are told."""
    return atom if isinstance(atom, Number | Moment) and field.allows(atom) else Unanswered.UNREADABLE


def _spanned(field: Field, data: Data | None) -> Document | None:
    """Return what the field's spans lie in; None for other kinds, and where offsets must be taken as they are."""
    if field.kind is not FieldKind.SPANS:
        return None
    if data is None:
        if needs_data(field):
            raise BrokenPromise(f"The spans of {field.name} cannot be read without the task's data.")
        return None
    (how,) = from_words(field.reads, 1)
    return document(how, at(data, field.inputs[0]))


def _ordered(field: Field, labels: frozenset[str]) -> list[str]:
    place = {label: rank for rank, label in enumerate(field.labels)}
    return sorted(labels, key=lambda label: (place.get(label, len(place)), label))
