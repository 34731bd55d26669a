"""A value as what files, tables and JSON hold, and back: the one place that knows how values are written down."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from labelloop.domain.relations import Relation
from labelloop.domain.tasks import Annotation, Origin
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import (
    ByRegion,
    Choice,
    Choices,
    FieldKind,
    Moment,
    Number,
    Ranking,
    Rating,
    Relations,
    Span,
    Spans,
    Text,
    Value,
    labels_of,
)

_REGIONS = "regions"
_RELATIONS, _BETWEEN = "relations", "between"
_PLAIN = ("task_id", "annotator_id", "judged_at", "shown_prediction", "lead_time", "skipped", "ground_truth", "field")


def annotation_cells(annotation: Annotation) -> dict[str, Any]:
    """Return the cells of a table that say an annotation, by column; `annotation_from_cells` reads them back."""
    return {
        "annotation_id": annotation.id,
        "origin": annotation.origin.value,
        **(value_cells(annotation.value) if annotation.value else {"kind": None, "value": None}),
        "unanswered": annotation.unanswered.value if annotation.unanswered else None,
        **{name: getattr(annotation, name) for name in _PLAIN},
    }


def annotation_from_cells(cells: Mapping[str, Any]) -> Annotation:
    """Return the annotation of a table's row; a table may lack the columns that an annotation has defaults for."""
    value = value_from_cells(cells) if cells["kind"] else None
    plain = {name: cells[name] for name in _PLAIN if name in cells}
    reason = Unanswered(cells["unanswered"]) if cells.get("unanswered") else None
    return Annotation(
        id=cells["annotation_id"], value=value, origin=Origin(cells["origin"]), unanswered=reason, **plain
    )


def value_cells(value: Value) -> dict[str, str]:
    """Return the two cells of a table that say a value, `kind` and `value`; `value_from_cells` reads them back.

    >>> value_cells(Choices(frozenset({"spam", "广告"})))
    {'kind': 'choices', 'value': '["spam", "广告"]'}
    """
    return {"kind": kind_of(value).value, "value": value_json(value)}


def value_from_cells(cells: Mapping[str, Any]) -> Value:
    """Return the value of a table's row; in tables of 0.1.0 the column `value` is called `labels`."""
    return value_from_json(FieldKind(cells["kind"]), cells["value"] if "value" in cells else cells["labels"])


def value_json(value: Value) -> str:
    """Return the value as JSON, the same for equal values; with its kind `value_from_json` reads it back."""
    return json.dumps(plain(value), ensure_ascii=False)


def region_cells(value: Value, text: str) -> list[dict[str, Any]]:
    """Return what is said of regions of this text as tables list it; nothing of a value of another kind.

    >>> region_cells(ByRegion.of(FieldKind.CHOICE, {Span(3, 5, "Place"): Choice("far")}), "in 北京")
    [{'start': 3, 'end': 5, 'label': 'Place', 'text': '北京', 'value': 'far'}]
    """
    answers = value.by_span if isinstance(value, ByRegion) else {}
    regions = span_cells(Spans(frozenset(answers)), text)
    return [region | {"value": str(said)} for region, said in zip(regions, answers.values(), strict=True)]


def span_cells(value: Value, text: str) -> list[dict[str, Any]]:
    """Return the spans of a value in this text as tables list them; none of a value of another kind.

    >>> span_cells(Spans(frozenset({Span(3, 5, "Place")})), "in 北京")
    [{'start': 3, 'end': 5, 'label': 'Place', 'text': '北京'}]
    """
    return [_cell(span, text) for span in sorted(value.spans)] if isinstance(value, Spans) else []


def relation_cells(value: Value, text: str) -> list[dict[str, Any]]:
    """Return the relations of a value in this text as tables list them; none of a value of another kind."""
    relations = sorted(value.relations) if isinstance(value, Relations) else []
    return [{"from": _cell(r.head, text), "to": _cell(r.tail, text), "label": r.label} for r in relations]


def value_from_json(kind: FieldKind, text: str) -> Value:
    """Return the value of a field of this kind that `value_json` wrote."""
    return value_of(kind, json.loads(text))


def kind_of(value: Value) -> FieldKind:
    """Return the kind under which `value_of` reads the value back."""
    match value:
        case Choice():
            return FieldKind.CHOICE
        case Choices() | Relations():
            return FieldKind.CHOICES
        case Rating():
            return FieldKind.RATING
        case Spans():
            return FieldKind.SPANS
        case Text():
            return FieldKind.TEXT
        case Number():
            return FieldKind.NUMBER
        case Moment():
            return FieldKind.DATETIME
        case Ranking():
            return FieldKind.RANKING
        case ByRegion(kind):
            return kind
        case _:
            assert_never(value)


def plain(value: Value) -> list[Any] | dict[str, Any]:
    """Return the value as a list that JSON can hold, the same for equal values; `value_of` reads it back.

    Answers about regions are an object with the list of the regions, each with what is said of it; relations one with
    their list, each with both its regions and its label, and that of the regions which they are between.

    >>> plain(Spans(frozenset({Span(0, 5, "Person")})))
    [[0, 5, 'Person']]
    """
    match value:
        case Rating(stars, of):
            return [stars, of]
        case Spans(spans):
            return [_place(span) for span in sorted(spans)]
        case Text(text):
            return [text]
        case Number(place, within) | Moment(place, within):
            return [place, within]
        case Ranking(columns):
            return [[name, list(items)] for name, items in columns]
        case ByRegion():
            return {_REGIONS: [[s.start, s.end, s.label, plain(said)] for s, said in value.by_span.items()]}
        case Relations(regions, relations):
            listed = [[*_place(one.head), *_place(one.tail), one.label] for one in sorted(relations)]
            return {_RELATIONS: listed, _BETWEEN: [_place(span) for span in sorted(regions)]}
        case _:
            return sorted(labels_of(value))


def value_of(kind: FieldKind, given: Sequence[Any] | Mapping[str, Any]) -> Value:
    """Return the value of a field of this kind that `plain` made the list from.

    >>> value_of(FieldKind.RATING, [4, 5])
    Rating(stars=4, of=5)
    """
    if isinstance(given, Mapping):
        return _of_regions(kind, given)
    match kind:
        case FieldKind.CHOICE | FieldKind.PAIRWISE | FieldKind.OPTION:
            return Choice(given[0])
        case FieldKind.CHOICES | FieldKind.TAXONOMY | FieldKind.OPTIONS:
            return Choices(frozenset(given))
        case FieldKind.RATING:
            return Rating(*given)
        case FieldKind.SPANS:
            return Spans(frozenset(Span(*span) for span in given))
        case FieldKind.TEXT:
            return Text(given[0])
        case FieldKind.NUMBER:
            return Number(*given)
        case FieldKind.DATETIME:
            return Moment(*given)
        case FieldKind.RANKING:
            return Ranking(tuple((name, tuple(items)) for name, items in given))
        case _:
            assert_never(kind)


def _of_regions(kind: FieldKind, given: Mapping[str, Any]) -> Value:
    if _RELATIONS in given:
        found = (Relation(Span(*of[:3]), Span(*of[3:6]), of[6]) for of in given[_RELATIONS])
        return Relations(frozenset(Span(*place) for place in given[_BETWEEN]), frozenset(found))
    return ByRegion.of(kind, {Span(*place): value_of(kind, said) for *place, said in given[_REGIONS]})


def _place(span: Span) -> list[Any]:
    return [span.start, span.end, span.label]


def _cell(span: Span, text: str) -> dict[str, Any]:
    return {"start": span.start, "end": span.end, "label": span.label, "text": text[span.start : span.end]}
