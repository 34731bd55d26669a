"""Texts of three topics, each with many words of its own, so that a few labels do not tell a student everything."""

from typing import Any

import numpy as np

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, FieldKind
from labelloop.learners.base import Example

LABELS = ("card", "weather", "food")
FIELD = Field("topic", FieldKind.CHOICE, LABELS, "text", ("text",))
WORDS = {label: [f"{label[0]}word{n}" for n in range(25)] for label in LABELS}
NOISE = [f"noise{n}" for n in range(25)]


def told(number: int) -> str:
    """Return the label of a text by its number."""
    return LABELS[number % 3]


def text(number: int) -> str:
    """Return a text: three words of its label, three of no meaning, and its number."""
    rng = np.random.default_rng(number)
    words = [*rng.choice(WORDS[told(number)], 3), *rng.choice(NOISE, 3)]
    return f"{' '.join(words)} n{number} 好"


def texts(start: int, count: int) -> list[str]:
    """Return so many texts."""
    return [text(number) for number in range(start, start + count)]


def examples(count: int) -> list[Example]:
    """Return so many labelled examples."""
    return [Example(number, text(number), Choice(told(number))) for number in range(600, 600 + count)]


def right(said: str) -> dict[str, Any]:
    """Return the right answer about a text, as the scripted LLM gives it."""
    return {"label": told(int(said.split()[-2][1:]))}
