"""What /predict says of a field under a condition: nothing where the predicted parent does not ask for it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.predictions import Prediction
from labelloop.domain.values import Choice
from labelloop.learners.base import Model
from ml_backend.predict import pre_annotate
from ml_backend.snapshot import Loaded, Snapshot
from ml_backend.task_texts import TaskTexts
from sync.config.label_config import parse

CONFIG = (
    '<View><Text name="t" value="$text"/>'
    '<Choices name="mood" toName="t"><Choice value="good"/><Choice value="bad"/></Choices>'
    '<Choices name="why" toName="t" visibleWhen="choice-selected" whenTagName="mood" whenChoiceValue="bad">'
    '<Choice value="late"/><Choice value="rude"/></Choices></View>'
)
MOOD, WHY = parse(CONFIG).fields
TASK = {"id": 1, "data": {"text": "It came late."}}


class Says(Model):
    """A model that says the same of every text."""

    def __init__(self, label: str, confidence: float = 0.9) -> None:
        self.said = Prediction(Choice(label), confidence, confidence)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        return [self.said] * len(texts)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("mood", "shown"),
    [
        (Says("bad"), {"mood": "bad", "why": "late"}),
        (Says("good"), {"mood": "good"}),
        (Says("bad", confidence=0.2), {}),  # too low to be shown, so that nobody is asked for the child
        (None, {}),
    ],
)
def test_a_child_is_predicted_only_beside_its_parent(mood: Model | None, shown: dict[str, str]) -> None:
    """The score is the confidence of what is left."""
    loaded = (*([Loaded("v1", MOOD, mood)] if mood else []), Loaded("v2", WHY, Says("late", confidence=0.6)))
    snapshot = Snapshot(7, "v1+v2", loaded, ("v1", "v2"), frozenset({1}), show_from=0.5)
    (entry,) = pre_annotate(snapshot, CONFIG, [TASK])
    found: dict[str, Any] = entry if isinstance(entry, dict) else {"result": [], "score": None}
    assert {region["from_name"]: region["value"]["choices"][0] for region in found["result"]} == shown
    assert found["score"] == {0: None, 1: 0.9, 2: 0.6}[len(shown)]


class Remembers(Says):
    """A model that remembers what it was asked about; it says `good` of what is good."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.asked: list[str] = []

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        self.asked += texts
        good = Prediction(Choice("good"), 0.9, 0.9)
        return [good if "good" in text else self.said for text in texts]


def test_a_childs_model_is_asked_only_about_tasks_where_people_are() -> None:
    """It may cost money; whatever order the fields have."""
    mood, why = Remembers("bad"), Remembers("late")
    snapshot = Snapshot(7, "v1+v2", (Loaded("v2", WHY, why), Loaded("v1", MOOD, mood)), train=frozenset({1, 2, 3}))
    texts = ["It came late.", "All good.", "Rude again."]
    entries = pre_annotate(snapshot, CONFIG, [{"id": n, "data": {"text": text}} for n, text in enumerate(texts, 1)])

    assert mood.asked == texts
    assert why.asked == [texts[0], texts[2]]
    assert [len(entry["result"]) for entry in entries if isinstance(entry, dict)] == [2, 1, 2]


def test_what_fields_read_of_tasks_is_read_once() -> None:
    """A page may be long; fields that read something else have a text of their own."""
    given = TaskTexts({1, 2}, [TASK, {"id": 2, "data": {"text": " "}}, {"id": 3, "data": {"text": "audit"}}, None])
    other = replace(WHY, inputs=("answer",))

    assert given.texts(MOOD) is given.texts(WHY)
    assert given.texts(MOOD) == {0: "It came late."}
    assert given.texts(other) == {}
