"""An LLM that is asked about regions: it is shown each by itself, and what it costs is told for a task."""

import json
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.schema import Field, Unit
from labelloop.domain.units import asked_text, with_regions
from labelloop.domain.values import ByRegion, Choice, FieldKind, Span
from labelloop.learners.base import Example, estimate, refinement_of
from labelloop.learners.by_region import PaidRegionModel, RegionLearner
from labelloop.learners.prompt.learner import PromptLearner
from labelloop.testing import BagOfWords
from tests.llm.server import ScriptedLLM
from tests.llm.stage import fitting, models, name

pytestmark = pytest.mark.slow

FIELD = Field("tone", FieldKind.CHOICE, ("good", "bad"), "text", ("text",), unit=Unit.REGION)
TEXT = "The food was {}, but the 酒吧 was {}."


def right(text: str) -> dict[str, Any]:
    """Answer by what belongs to the region."""
    part = text.partition(",")[0] if "⟦food⟧" in text else text.partition(",")[2]
    return {"label": "good" if "great" in part else "bad"}


def task(number: int) -> Example:
    """Return a task with two regions."""
    labels = ("good", "bad")[number % 2], ("good", "bad", "bad")[number % 3]
    text = TEXT.format(*("great" if label == "good" else "awful" for label in labels)) + f" Visit {number}"
    spans = [Span(text.index(part), text.index(part) + len(part), "Thing") for part in ("food", "酒吧")]
    said = ByRegion.of(FIELD.kind, dict(zip(spans, map(Choice, labels), strict=True)))
    return Example(number, asked_text(text, [said]), said)


def test_an_llm_is_asked_about_each_region(llm: ScriptedLLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the guideline that says which part is meant; its model is read back with what it costs."""
    llm.oracle = right
    name(llm, monkeypatch, tmp_path / "data")
    context = fitting(BagOfWords(), tmp_path, seed=7)
    model = RegionLearner(PromptLearner()).fit(FIELD, [task(number) for number in range(24)], context)
    assert isinstance(model, PaidRegionModel)
    found = model.predict([task(30).text, with_regions("Nothing here.", ())])
    assert found[0].value == task(30).value
    assert not found[1].is_shown
    shown = json.loads(llm.requests[-1]["messages"][-1]["content"])
    assert "⟦" in shown["part"]
    assert shown["text"].endswith("\nThing")
    assert (
        "the marked part of the text. (A model is shown it between ⟦ and ⟧"
        in llm.requests[-1]["messages"][0]["content"]
    )
    assert refinement_of(model) is not None

    one, two = (estimate(model, [text]) for text in (with_regions("New food", [Span(4, 8, "Thing")]), "New food"))
    assert one is not None
    assert two is not None
    assert two.requests == 2 * one.requests == 2
    (tmp_path / "model").mkdir()
    model.save(tmp_path / "model")
    again = RegionLearner(PromptLearner()).load(tmp_path / "model", models(BagOfWords()))
    assert isinstance(again, PaidRegionModel)
    assert again.predict([task(30).text]) == found[:1]
    assert again.cost_per_1000 == model.cost_per_1000
