"""How a model's response is read: what does not say one of the field's values is no answer, whatever it looks like."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeGuard, assert_never

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, Choices, FieldKind, Ranking, Rating, Span, Spans, Text, Value
from labelloop.learners.prompt.output_schema import offered, unsure, with_options
from labelloop.learners.prompt.quote_alignment import folded, located

Scalar = str | bool | int | float


class Unreadable(StrEnum):
    """Why a response is no answer."""

    NO_JSON = "no JSON object"
    NULL = "null instead of an answer"
    OTHER_LABEL = "a label that the field does not have"
    OTHER_FORM = "JSON of another form"
    NO_QUOTE = "no quote that is in the text"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a response holds: `value` is None where the model is unsure.

    `pieces` are the values in its JSON that decide; `lost` counts quotes that do not stand in the text.
    """

    value: Value | None
    pieces: tuple[Scalar, ...] = ()
    lost: int = 0


class _NoAnswer(Exception):
    def __init__(self, reason: Unreadable) -> None:
        super().__init__(reason)
        self.reason = reason


def read(field: Field, text: str, content: str) -> Reply | Unreadable:
    """Return the value in a response about the text, or why there is none.

    Prose, a code fence or thoughts around the JSON object are passed over. Booleans and numbers are what JSON writes
    for them; null is nothing.
    """
    try:
        answer = object_in(content)
    except (ValueError, RecursionError):
        return Unreadable.NO_JSON
    try:
        reply = _read(field, text, answer)
    except _NoAnswer as error:
        return error.reason
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return Unreadable.OTHER_FORM
    return reply if reply.value is None or field.allows(reply.value) else Unreadable.OTHER_FORM


def reasons(given: Iterable[Unreadable | None]) -> dict[str, int]:
    """Return how often each reason was given, the commonest first."""
    return {str(reason): times for reason, times in Counter(filter(None, given)).most_common()}


def object_in(content: str) -> Any:
    """Return the JSON object in a response, whatever stands around it; raises ValueError where there is none."""
    return json.loads(content[content.index("{", content.rfind("</think>") + 1) : content.rindex("}") + 1])


def strings(given: Any) -> list[str]:
    """Return the list if all of it is strings; raises TypeError if it is none."""
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise TypeError("not a list of strings")
    return given


def _read(field: Field, text: str, answer: dict[str, Any]) -> Reply:
    match field.kind:
        case FieldKind.CHOICE | FieldKind.PAIRWISE | FieldKind.RATING:
            given = _scalar(answer["label"])
            label = _label(field, given)
            if label == unsure(field):
                return Reply(None)
            stars = field.kind is FieldKind.RATING
            return Reply(Rating(int(label), len(field.labels)) if stars else Choice(label), (given,))
        case FieldKind.CHOICES | FieldKind.TAXONOMY:
            several = [_scalar(one) for one in _list(answer["labels"])]
            labels = frozenset(_label(field, one) for one in several)
            return Reply(None if unsure(field) in labels else Choices(labels), tuple(several))
        case FieldKind.SPANS:
            return Reply(None) if _is_unsure(answer) else _spans(field, text, _list(answer["spans"]))
        case FieldKind.TEXT:
            written = _scalar(answer["text"])
            blank = _is_unsure(answer) or not _spelled(written).strip()
            return Reply(None if blank else Text(_spelled(written)), (written,))
        case FieldKind.OPTION | FieldKind.OPTIONS:
            return _read(with_options(field, text), text, answer)
        case FieldKind.RANKING:
            return Reply(None) if _is_unsure(answer) else _ranking(field, text, answer["ranking"])
        case FieldKind.NUMBER:
            return Reply(None) if _is_unsure(answer) else _figure(field, _scalar(answer["number"]))
        case FieldKind.DATETIME:
            return Reply(None) if _is_unsure(answer) else _moment(field, _scalar(answer["moment"]))
        case _:
            assert_never(field.kind)


def _ranking(field: Field, text: str, given: dict[str, Any]) -> Reply:
    """Return the order of the text's items; one that misses some, or names others, is no answer."""
    columns = tuple((name, tuple(strings(given[name]))) for name in field.labels)
    items = [item for _, inside in columns for item in inside]
    if sorted(items) != sorted(offered(text)):
        raise _NoAnswer(Unreadable.OTHER_LABEL)
    return Reply(Ranking(columns), tuple(items))


def _figure(field: Field, given: Scalar) -> Reply:
    """Return the number, of two steps the nearer one; raises ValueError where it is none."""
    number, line = float(given), field.line
    nearest = line.nearest(number)
    near = line.step is not None and abs(nearest.place - number) <= line.step / 2
    return Reply(nearest if near else line.number(number), (given,))


def _moment(field: Field, given: Scalar) -> Reply:
    """Return the moment, of a date and time the date where no more is asked for; raises ValueError where it is none."""
    text = _spelled(given).strip()
    found = datetime.fromisoformat(text if "-" in text else f"1970-01-01T{text}")
    return Reply(field.line.told(found), (given,))


def _spans(field: Field, text: str, given: list[Any]) -> Reply:
    found: set[Span] = set()
    pieces: list[Scalar] = []
    lost = 0
    for one in given:
        quote, named = _scalar(one["quote"]), _scalar(one["label"])
        label = _label(field, named)
        if label not in field.labels:
            raise _NoAnswer(Unreadable.OTHER_LABEL)
        place = located(text, _spelled(quote), _number(one.get("occurrence")))
        if place is None:
            lost += 1
            continue
        found.add(Span(*place, label))
        pieces += [quote, named]
    if lost and not found:
        raise _NoAnswer(Unreadable.NO_QUOTE)
    return Reply(Spans(frozenset(found)), tuple(pieces), lost)


def _label(field: Field, given: Scalar) -> str:
    """Return the label, or the word for not knowing, that is written so, or the only one that looks or counts so."""
    known = (*field.labels, unsure(field))
    word = _spelled(given)
    if word in known:
        return word
    match given:
        case bool():
            alike = [label for label in known if label.casefold() == word]
        case int() | float():
            alike = [label for label in known if _as_number(label) == given]
        case str():
            looks = folded(word).text.strip()
            alike = [label for label in known if folded(label).text.strip() == looks]
            if not alike and field.kind is FieldKind.RATING:
                alike = [label for label in field.labels if _as_number(label) == _as_number(word)]
    if len(alike) != 1:
        raise _NoAnswer(Unreadable.OTHER_LABEL)
    return alike[0]


def _as_number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _is_unsure(answer: dict[str, Any]) -> bool:
    said = answer.get("unsure")
    if said not in (True, False, None, "true", "false"):
        raise _NoAnswer(Unreadable.OTHER_FORM)
    return said in (True, "true")


def _number(occurrence: Any) -> int:
    """Return which place is meant, the first where nothing is said; raises ValueError where it is no whole number."""
    number = 1.0 if occurrence is None else float(occurrence)
    if number != int(number):
        raise ValueError("no whole number")
    return int(number)


def _scalar(given: Any) -> Scalar:
    if given is None:
        raise _NoAnswer(Unreadable.NULL)
    if not _is_scalar(given):
        raise _NoAnswer(Unreadable.OTHER_FORM)
    return given


def _is_scalar(given: Any) -> TypeGuard[Scalar]:
    return isinstance(given, str | bool | int | float)


def _list(given: Any) -> list[Any]:
    if given is None:
        raise _NoAnswer(Unreadable.NULL)
    if not isinstance(given, list):
        raise _NoAnswer(Unreadable.OTHER_FORM)
    return given


def _spelled(given: Scalar) -> str:
    """Return a text as it is, a boolean or a number as JSON writes it."""
    return given if isinstance(given, str) else json.dumps(given)
