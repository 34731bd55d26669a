"""The form of an answer: its JSON schema, an example's answer in it, and what is made of the model's."""

import json
from dataclasses import dataclass
from typing import Any, assert_never

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, Choices, FieldKind, Rating, Span, Spans, Text, Value
from labelloop.learners.prompting.quotes import located, occurrence


@dataclass(frozen=True, slots=True)
class Reply:
    """What an answer says: `value` is None where the model is unsure.

    `pieces` are the strings in it that decide; `lost` counts quotes that do not stand in the text.
    """

    value: Value | None
    pieces: tuple[str, ...] = ()
    lost: int = 0


def unsure(field: Field) -> str:
    """Return the word for not knowing: one that is no label of the field."""
    word = "unsure"
    while word in field.labels:
        word += "?"
    return word


def schema(field: Field) -> str:
    """Return the JSON schema (as JSON) of an answer, as strict servers want it."""
    label = {"type": "string", "enum": [*field.labels, unsure(field)]}
    match field.kind:
        case FieldKind.CHOICE | FieldKind.PAIRWISE | FieldKind.RATING:
            form = closed(label=label)
        case FieldKind.CHOICES | FieldKind.TAXONOMY:
            form = closed(labels={"type": "array", "items": label})
        case FieldKind.SPANS:
            named = {"type": "string", "enum": list(field.labels)}
            span = closed(quote={"type": "string"}, label=named, occurrence={"type": "integer"})
            form = closed(spans={"type": "array", "items": span}, unsure={"type": "boolean"})
        case FieldKind.TEXT:
            form = closed(text={"type": "string"}, unsure={"type": "boolean"})
        case _:
            assert_never(field.kind)
    return json.dumps(form, ensure_ascii=False)


def in_words(field: Field) -> str:
    """Return what the schema asks, for the prompt: not every server keeps to a schema."""
    word = unsure(field)
    match field.kind:
        case FieldKind.CHOICE | FieldKind.PAIRWISE | FieldKind.RATING:
            return f'{{"label": "..."}} with one of the labels above as it is written there, or "{word}".'
        case FieldKind.CHOICES | FieldKind.TAXONOMY:
            return f'{{"labels": ["..."]}} with the labels above that fit, as they are written there, or ["{word}"].'
        case FieldKind.SPANS:
            return (
                '{"spans": [{"quote": "...", "label": "...", "occurrence": 1}], "unsure": false}. A quote is copied '
                "from the text sign by sign; occurrence 2 means the second place where it stands."
            )
        case FieldKind.TEXT:
            return '{"text": "...", "unsure": false}.'
        case _:
            assert_never(field.kind)


def written(text: str, value: Value) -> str:
    """Return the answer that says this value of this text."""
    answer: dict[str, Any]
    match value:
        case Choice(label):
            answer = {"label": label}
        case Rating(stars):
            answer = {"label": str(stars)}
        case Choices(labels):
            answer = {"labels": sorted(labels)}
        case Spans(spans):
            said = [
                {"quote": text[s.start : s.end], "label": s.label, "occurrence": occurrence(text, s.start, s.end)}
                for s in sorted(spans)
            ]
            answer = {"spans": said, "unsure": False}
        case Text(wrote):
            answer = {"text": wrote, "unsure": False}
        case _:
            assert_never(value)
    return json.dumps(answer, ensure_ascii=False)


def read(field: Field, text: str, content: str) -> Reply | None:
    """Return what an answer says of the text, None where it does not keep to the form.

    Prose, a code fence or thoughts around the JSON object are passed over.
    """
    try:
        reply = _read(field, text, object_in(content))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return reply if reply.value is None or field.allows(reply.value) else None


def object_in(content: str) -> Any:
    """Return the JSON object in an answer, whatever stands around it; raises ValueError where there is none."""
    return json.loads(content[content.index("{", content.rfind("</think>") + 1) : content.rindex("}") + 1])


def _read(field: Field, text: str, answer: dict[str, Any]) -> Reply:
    match field.kind:
        case FieldKind.CHOICE | FieldKind.PAIRWISE | FieldKind.RATING:
            label = str(answer["label"])
            if label == unsure(field):
                return Reply(None)
            of = len(field.labels)
            return Reply(Rating(int(label), of) if field.kind is FieldKind.RATING else Choice(label), (label,))
        case FieldKind.CHOICES | FieldKind.TAXONOMY:
            several = strings(answer["labels"])
            return Reply(None if unsure(field) in several else Choices(frozenset(several)), tuple(several))
        case FieldKind.SPANS:
            return Reply(None) if answer.get("unsure") is True else _spans(field, text, answer["spans"])
        case FieldKind.TEXT:
            (wrote,) = strings([answer["text"]])
            return Reply(None if answer.get("unsure") is True or not wrote.strip() else Text(wrote), (wrote,))
        case _:
            assert_never(field.kind)


def _spans(field: Field, text: str, given: list[dict[str, Any]]) -> Reply:
    found: set[Span] = set()
    pieces: list[str] = []
    lost = 0
    for one in given:
        quote, label = strings([one["quote"], one["label"]])
        place = located(text, quote, int(one.get("occurrence", 1)))
        if label not in field.labels:
            raise ValueError("a label that the field does not have")
        if place is None:
            lost += 1
            continue
        found.add(Span(*place, label))
        pieces += [quote, label]
    return Reply(Spans(frozenset(found)), tuple(pieces), lost)


def strings(given: list[Any]) -> list[str]:
    """Return the list if all of it is strings; raises TypeError if it is none."""
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise TypeError("not a list of strings")
    return given


def closed(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object with all of these properties and no other, as strict servers want it."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
