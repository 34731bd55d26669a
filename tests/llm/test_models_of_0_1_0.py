"""Models of LLMs that 0.1.0 stored: they are loaded, predict what they did, and are saved again as they were."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from labelloop.learners.base import cost_per_1000, refinement_of
from labelloop.plugins import learner
from tests.llm import talk
from tests.llm.server import ScriptedLLM
from tests.llm.stage import costs, models

STORED = Path(__file__).parents[1] / "data/llm_models_of_0_1_0.tar.xz"


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """Return the folder of a `prompt`, a `cascade` and a `distilled` model, and of what they predicted."""
    with tarfile.open(STORED) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "llm_models_of_0_1_0"


@pytest.mark.parametrize("name", ["prompt", "cascade", "distilled"])
def test_a_stored_model_predicts_what_it_did(name: str, stored: Path, told: ScriptedLLM, tmp_path: Path) -> None:
    """At the same price, and charged to the round that it was fitted in; its guideline and its files are the same."""
    expected: dict[str, Any] = json.loads((stored / "expected.json").read_text("utf-8"))[name]
    model = learner(name).load(stored / name, models())
    predictions = model.predict(talk.texts(2000, 6))
    (saved := tmp_path / "saved").mkdir()
    model.save(saved)
    refinement, spent = refinement_of(model), costs().by_round(12)

    assert [str(p.value) for p in predictions] == [label for label, _, _ in expected["answers"]]
    assert [p.margin for p in predictions] == pytest.approx([margin for _, margin, _ in expected["answers"]])
    assert [p.confidence for p in predictions] == pytest.approx([sure for _, _, sure in expected["answers"]])
    assert cost_per_1000(model) == pytest.approx(expected["cost_per_1000"])
    assert {number: one.requests for number, one in spent.items()} == ({} if name == "distilled" else {3: 6})
    assert refinement is not None
    assert refinement.reason == "only 0 errors to learn from, 3 needed"
    same = {path.name for path in (stored / name).iterdir()} - {"refinement.json"}
    assert same == {path.name for path in saved.iterdir()} - {"refinement.json"}
    assert [n for n in same if (stored / name / n).read_bytes() != (saved / n).read_bytes()] == []
