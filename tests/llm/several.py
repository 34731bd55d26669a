"""A form that one LLM answers: the topic and the tone of a text, the places in it, and why a card is needed."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, Choices, FieldKind, Span, Spans, Value
from labelloop.learners.base import Example, FieldLesson
from labelloop.learners.prompt.learner import PromptLearner
from labelloop.learners.prompt.model import PromptModel
from labelloop.testing import BagOfWords
from tests.llm.stage import fitting

TOPIC = Field("topic", FieldKind.CHOICE, ("card", "weather"), "text", ("text",))
TONE = Field("语气", FieldKind.CHOICES, ("calm", "angry"), "text", ("text",))
PLACES = Field("places", FieldKind.SPANS, ("City",), "text", ("text",))
REASON = Field("reason", FieldKind.CHOICE, ("lost", "stolen"), "text", ("text",))
REASON = replace(REASON, condition=Condition((Requirement(("topic",), ("card",)),)))
FIELDS = (TOPIC, TONE, PLACES, REASON)
JOINT = "Several things"


def text(number: int) -> str:
    """Return a text; no two are equal."""
    topic = ("card lost", "rain", "card stolen")[number % 3]
    return f"{topic} in {('北京', 'Paris')[number % 2]}{' !' * (number % 5 == 0)} number{number}"


def values(said: str) -> dict[str, Value | None]:
    """Return what is true of a text, by field, None where nobody is asked."""
    tone = Choices(frozenset({"angry"} if "!" in said else {"calm"}))
    places = Spans(frozenset(Span(*found.span(), "City") for found in re.finditer("北京|Paris", said)))
    reason = Choice("lost" if "lost" in said else "stolen") if "card" in said else None
    return {"topic": Choice("card" if "card" in said else "weather"), "语气": tone, "places": places, "reason": reason}


def right(system: str, said: str) -> dict[str, Any]:
    """Return the right answer of somebody who does what the system message says."""
    city = re.search("北京|Paris", said)
    spans = [{"quote": city[0], "label": "City", "occurrence": 1}] if city else []
    every: dict[str, Any] = {
        "topic": {"label": "card" if "card" in said else "weather"},
        "语气": {"labels": ["angry" if "!" in said else "calm"]},
        "places": {"spans": spans, "unsure": False},
        "reason": {"label": "lost" if "lost" in said else "stolen"} if "card" in said else None,
    }
    if not system.startswith(JOINT):
        (name,) = (name for name in every if f"`{name}`" in system)
        return every[name] or {"label": "unsure"}
    names = re.findall(r"(?m)^The answer to (\".*?\"):", system)
    return {json.loads(name): every[json.loads(name)] for name in names}


def lesson(field: Field, numbers: Sequence[int]) -> FieldLesson:
    """Return what people said of the field in the texts with these numbers."""
    said = ((number, text(number), values(text(number))[field.name]) for number in numbers)
    return FieldLesson(field, [Example(number, told, value) for number, told, value in said if value is not None])


def fit_together(
    tmp_path: Path, fields: Sequence[Field] = FIELDS, numbers: Sequence[int] = range(30), **more: Any
) -> dict[str, PromptModel]:
    """Fit a prompt for every field, one after the other, as the jobs do."""
    lessons = [lesson(field, numbers) for field in fields]
    return {
        one.field.name: PromptLearner().fit(
            one.field,
            one.examples,
            fitting(BagOfWords(), tmp_path, seed=7, together=tuple(o for o in lessons if o is not one), **more),
        )
        for one in lessons
    }
