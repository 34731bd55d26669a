"""The values in files of our own: beside the readable `label`, `labels`, `spans` and `kind` hold them without loss."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from labelloop.domain.json_values import displayed, whole_number
from labelloop.domain.values import Choice, Choices, FieldKind, Moment, Number, Rating, Span, Spans, Text, Value

USUAL_STARS = 5


def own_kind(rows: Sequence[Mapping[str, Any]]) -> FieldKind:
    """Return the kind of the values in rows with `labels` and perhaps `spans` and `kind`; exports do not name it.

    Where it is not named, several labels or none in some row mean a set of labels, and a label without `labels` a text.
    """
    named = {str(row.get("kind") or "") for row in rows} - {""}
    if len(named) == 1:
        return FieldKind(named.pop())
    if any("spans" in row for row in rows):
        return FieldKind.SPANS
    if all(not row["labels"] for row in rows) and any(row.get("label") for row in rows):
        return FieldKind.TEXT
    return FieldKind.CHOICE if all(len(row["labels"]) == 1 for row in rows) else FieldKind.CHOICES


def own_value(kind: FieldKind, row: Mapping[str, Any], *, stars: int = USUAL_STARS) -> Value:
    """Return the value of such a row, of ratings as one of so many stars; raises ValueError where it is none."""
    labels = [displayed(label) or "" for label in row["labels"]]
    match kind:
        case FieldKind.TEXT:
            return Text(str(row["label"]))
        case FieldKind.RANKING:
            raise ValueError("a ranking cannot be read from a table")
        case FieldKind.NUMBER:
            return Number(float(row["label"]))
        case FieldKind.DATETIME:
            return Moment(str(row["label"]))
        case FieldKind.SPANS:
            return Spans(frozenset(span_of(one) for one in row.get("spans") or ()))
        case FieldKind.CHOICES | FieldKind.TAXONOMY | FieldKind.OPTIONS:
            return Choices(frozenset(labels))
        case _ if len(labels) != 1:
            raise ValueError(f"it has {len(labels)} labels where one is wanted")
        case FieldKind.RATING:
            return Rating(int(labels[0]), stars)
        case _:
            return Choice(labels[0])


def most_stars(labels: Iterable[Sequence[Any]]) -> int:
    """Return of how many stars ratings are: the most that were given, five at least."""
    return max([USUAL_STARS, *(stars for one in labels for label in one if (stars := whole_number(label)))])


def span_of(cell: Any) -> Span:
    """Return a span written as an object or as a list of start, end and label; raises ValueError."""
    match cell:
        case {"start": start, "end": end, "label": label} | {"start_offset": start, "end_offset": end, "label": label}:
            pass
        case [start, end, label]:
            pass
        case _:
            raise ValueError("a span is no object with start, end and label, and no list of these")
    first, last, name = whole_number(start), whole_number(end), displayed(label)
    if first is None or last is None or not name or not name.strip():
        raise ValueError(f"the span {cell} has no whole numbers or no label")
    return Span(first, last, name)


def require_within(value: Value, text: str) -> Value:
    """Return the value; raises ValueError where a span of it is empty or lies beyond the text."""
    for span in value.spans if isinstance(value, Spans) else ():
        if not 0 <= span.start < span.end <= len(text):
            raise ValueError(f"the span {span} is empty or is beyond the text")
    return value
