"""The form of a response: its JSON schema, the same in words, and an example's value in it."""

import json
from dataclasses import replace
from typing import Any, assert_never

from labelloop.domain.schema import Field
from labelloop.domain.tasks import options_of
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
    Spans,
    Text,
    Value,
)
from labelloop.errors import BrokenPromise
from labelloop.learners.prompt.quote_alignment import occurrence


def unsure(field: Field) -> str:
    """Return the word for not knowing: one that is no label of the field."""
    word = "unsure"
    while word in field.labels:
        word += "?"
    return word


def with_options(field: Field, text: str) -> Field:
    """Return a field whose labels are the options that come with the text; others as they are."""
    match field.kind:
        case FieldKind.OPTION:
            return replace(field, kind=FieldKind.CHOICE, labels=offered(text))
        case FieldKind.OPTIONS:
            return replace(field, kind=FieldKind.CHOICES, labels=offered(text))
        case _:
            return field


def offered(text: str) -> tuple[str, ...]:
    """Return the ids of the items that come with a text, as they can be sent: half a surrogate pair cannot."""
    return tuple(options_of(text.encode("utf-8", "replace").decode("utf-8")))


def schema(field: Field, text: str = "") -> str:
    """Return the JSON schema (as JSON) of a response about the text, as strict servers want it."""
    field = with_options(field, text)
    label = {"type": "string", "enum": [*field.labels, unsure(field)]}
    match field.kind:
        case FieldKind.CHOICE | FieldKind.PAIRWISE | FieldKind.RATING | FieldKind.OPTION:
            form = closed(label=label)
        case FieldKind.CHOICES | FieldKind.TAXONOMY | FieldKind.OPTIONS:
            form = closed(labels={"type": "array", "items": label})
        case FieldKind.SPANS:
            named = {"type": "string", "enum": list(field.labels)}
            span = closed(quote={"type": "string"}, label=named, occurrence={"type": "integer"})
            form = closed(spans={"type": "array", "items": span}, unsure={"type": "boolean"})
        case FieldKind.TEXT:
            form = closed(text={"type": "string"}, unsure={"type": "boolean"})
        case FieldKind.RANKING:
            items = {"type": "array", "items": {"type": "string", "enum": list(offered(text))}}
            form = closed(ranking=closed(**dict.fromkeys(field.labels, items)), unsure={"type": "boolean"})
        case FieldKind.NUMBER:
            form = closed(number={"type": "number"}, unsure={"type": "boolean"})
        case FieldKind.DATETIME:
            form = closed(moment={"type": "string"}, unsure={"type": "boolean"})
        case _:
            assert_never(field.kind)
    return json.dumps(form, ensure_ascii=False)


def in_words(field: Field) -> str:
    """Return what the schema asks, for the prompt: not every server keeps to a schema."""
    word = unsure(field)
    match field.kind:
        case FieldKind.OPTION:
            return f'{{"label": "..."}} with the key of one of the options as it is written there, or "{word}".'
        case FieldKind.OPTIONS:
            return f'{{"labels": ["..."]}} with the keys of the options that fit, as they are there, or ["{word}"].'
        case FieldKind.RANKING:
            columns = ", ".join(f"{json.dumps(name, ensure_ascii=False)}: [...]" for name in field.labels)
            return f'{{"ranking": {{{columns}}}, "unsure": false}} with the key of each item once, the best first.'
        case FieldKind.CHOICE | FieldKind.PAIRWISE | FieldKind.RATING:
            return f'{{"label": "..."}} with one of the labels above as it is written there, or "{word}".'
        case FieldKind.CHOICES | FieldKind.TAXONOMY:
            return f'{{"labels": ["..."]}} with the labels above that fit, as they are written there, or ["{word}"].'
        case FieldKind.SPANS:
            return (
                '{"spans": [{"quote": "...", "label": "...", "occurrence": 1}], "unsure": false}. A quote is copied '
                "from the text character by character; occurrence 2 means the second place where it occurs."
            )
        case FieldKind.TEXT:
            return '{"text": "...", "unsure": false}.'
        case FieldKind.NUMBER:
            return '{"number": 12.5, "unsure": false}.'
        case FieldKind.DATETIME:
            return f'{{"moment": "{field.line.nearest(0)}", "unsure": false}}, written in this form.'
        case _:
            assert_never(field.kind)


def written(text: str, value: Value) -> str:
    """Return the response that gives this text this value."""
    answer: dict[str, Any]
    match value:
        case Choice(label):
            answer = {"label": label}
        case Rating(stars):
            answer = {"label": str(stars)}
        case Choices(labels):
            answer = {"labels": sorted(labels)}
        case Spans(spans):
            quotes = [
                {"quote": text[s.start : s.end], "label": s.label, "occurrence": occurrence(text, s.start, s.end)}
                for s in sorted(spans)
            ]
            answer = {"spans": quotes, "unsure": False}
        case Text(text_value):
            answer = {"text": text_value, "unsure": False}
        case Number(number):
            answer = {"number": int(number) if float(number).is_integer() else number, "unsure": False}
        case Ranking(columns):
            answer = {"ranking": {name: list(items) for name, items in columns}, "unsure": False}
        case Moment(iso):
            answer = {"moment": iso, "unsure": False}
        case ByRegion() | Relations():
            raise BrokenPromise("An LLM is asked about one region, or one pair, at a time.")
        case _:
            assert_never(value)
    return json.dumps(answer, ensure_ascii=False)


def closed(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object with all of these properties and no other, as strict servers want it."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
