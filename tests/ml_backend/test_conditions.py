"""What /predict says of a field under a condition: nothing where the predicted parent does not ask for it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.predictions import Prediction
from labelloop.domain.values import Choice
from labelloop.learners.base import Model
from ml_backend.predict import pre_annotate
from ml_backend.snapshot import Loaded, Snapshot
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
