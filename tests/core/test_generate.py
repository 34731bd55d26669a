"""The learner `generate`: language models, GPT-2- and T5-style, learn to write what people wrote."""

from pathlib import Path
from typing import Any

import pytest
import torch

from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Text
from labelloop.errors import NothingToLearn, UserError
from labelloop.learners.base import Example, FitContext, ModelContext
from labelloop.learners.generate.learner import GenerateLearner, GenerateModel
from labelloop.learners.training import network
from labelloop.learners.training import trainer as classify
from labelloop.learners.training.text_generator import GeneratedText
from labelloop.plugins import learner
from labelloop.testing import BagOfWords
from tests.core.checkpoints import tiny, tiny_writer

pytestmark = pytest.mark.slow  # it trains networks

FIELD = Field("summary", FieldKind.TEXT, (), "text", ("text",))
SAID = {"card": "Block the card 💳.", "rain": "带伞吧。", "soup": "بالعافية!"}


def told(times: int = 8) -> list[Example]:
    pairs = [(f"{word} {n}", Text(said)) for n in range(times) for word, said in SAID.items()]
    return [Example(n, text, said) for n, (text, said) in enumerate(pairs)]


def fit(source: Path, scratch: Path, examples: list[Example] | None = None, **more: Any) -> GenerateModel:
    scratch.mkdir(exist_ok=True)
    return GenerateLearner(str(source)).fit(
        FIELD, told() if examples is None else examples, FitContext(BagOfWords(), scratch, seed=1, **more)
    )


def load(folder: Path) -> GenerateModel:
    return GenerateLearner("any").load(folder, ModelContext(BagOfWords()))


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights want larger steps than trained ones."""
    monkeypatch.setattr("labelloop.learners.training.run.learning_rate", lambda *_, adapted: 2e-2 if adapted else 1e-2)


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_writer("gpt2", tmp_path_factory.mktemp("gpt2"), list(SAID.values()))


@pytest.mark.parametrize("style", ["gpt2", "t5"])
@pytest.mark.parametrize("adapted", [False, True], ids=["whole", "adapted"])
def test_a_checkpoint_learns_to_write_and_a_stored_model_answers_the_same(
    style: str, adapted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder, an encoder with a decoder, trained whole or through adapters: fit, save, load, answer."""
    monkeypatch.setattr(classify, "STEPS", (80, 80))
    monkeypatch.setattr(network, "LARGE", 1 if adapted else 10**9)
    model = fit(tiny_writer(style, tmp_path / "source", list(SAID.values())), tmp_path / "scratch")
    (tmp_path / "saved").mkdir()
    model.save(tmp_path / "saved")
    asked = ["card 3", "rain 5", "soup 0", "", "😀" * 99, "half a character \ud83d"]
    answers = model.predict(asked)

    if not adapted:  # adapters beside random weights learn too little here
        assert [str(answer.value) for answer in answers[:3]] == list(SAID.values())
    assert load(tmp_path / "saved").predict(asked) == answers
    assert all(FIELD.allows(answer.value) and 0 <= answer.margin <= 1 for answer in answers)
    assert {path.suffix for path in (tmp_path / "saved").iterdir()} == {".json", ".safetensors"}
    assert (tmp_path / "saved" / network.ADAPTER).exists() == adapted


@pytest.mark.parametrize("style", ["gpt2", "t5"])
def test_only_the_tokens_of_the_answer_are_learned(style: str, tmp_path: Path) -> None:
    """An answer's loss is the mean over its own tokens, whoever stands beside it in the batch."""
    writer = fit(tiny_writer(style, tmp_path / "source", list(SAID.values())), tmp_path / "s", deadline=0.0).writer
    prompts, answers = [writer.prompt("rain 1"), writer.prompt("a much longer text")], [[5, 6, 7, 1], [9, 1]]
    with torch.inference_mode():
        together = writer.losses(prompts, answers)
        alone = [writer.losses([prompts[n]], [answers[n]])[0] for n in range(2)]
        whole = writer.model(input_ids=torch.tensor([prompts[1] + [9]])) if style == "gpt2" else None

    torch.testing.assert_close(together, torch.stack(alone))
    if whole is not None:
        chances = whole.logits[0, -2:].log_softmax(-1)
        torch.testing.assert_close(together[1], -(chances[0, 9] + chances[1, 1]) / 2)


def test_where_nothing_is_written_the_commonest_answer_is_given(
    gpt2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With margin 0, so that people see the task soon."""
    examples = [*told(1), Example(50, "rain again", Text(SAID["rain"]))]
    model = fit(gpt2, tmp_path / "scratch", examples, deadline=0.0)
    monkeypatch.setattr(type(model.writer), "write", lambda *_: GeneratedText((), 0.9))
    (answer,) = model.predict(["card"])

    assert (answer.value, answer.margin) == (Text(SAID["rain"]), 0.0)


def test_a_model_that_rambles_is_stopped(gpt2: Path, tmp_path: Path) -> None:
    """An answer has at most twice as many tokens as the longest that people wrote."""
    model = fit(gpt2, tmp_path / "scratch", deadline=0.0)
    model.writer.end = -1

    assert len(model.writer.write("card " * 200).ids) == model.metadata.most < 48


def test_checkpoints_that_cannot_write_are_refused(tmp_path: Path) -> None:
    """An encoder, or none at all: each with what to do."""
    with pytest.raises(UserError, match="GPT-2"):
        fit(tiny("bert", tmp_path / "bert"), tmp_path / "scratch")
    with pytest.raises(UserError, match="needs an argument"):
        learner("generate")
    with pytest.raises(UserError, match="needs a checkpoint"):
        learner("generate:")


def test_without_answers_there_is_nothing_to_learn(gpt2: Path, tmp_path: Path) -> None:
    """Answers of white space alone are none."""
    with pytest.raises(NothingToLearn):
        fit(gpt2, tmp_path / "scratch", [Example(1, "card", Text(" "))])
