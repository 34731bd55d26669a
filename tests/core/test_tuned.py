"""What every learner that trains a checkpoint promises: it resumes, ends in time, and refuses what it cannot use."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, FieldKind, Span, Spans, Text, Value
from labelloop.errors import BrokenPromise, UserError
from labelloop.learners.base import Example, FitContext, Learner, Model, ModelContext
from labelloop.learners.finetune.learner import FinetuneLearner
from labelloop.learners.generate.learner import GenerateLearner
from labelloop.learners.token_finetune.learner import TokenFinetuneLearner
from labelloop.learners.training import checkpoint, network
from labelloop.learners.training import trainer as classify
from labelloop.learners.training.training_errors import Diverged
from labelloop.testing import BagOfWords
from tests.core.checkpoints import tiny, tiny_writer

pytestmark = pytest.mark.slow  # it trains networks

SAID = {"card": "Block the card 💳.", "rain": "带伞吧。", "soup": "بالعافية!"}


@dataclass(frozen=True)
class Tuned:
    """A learner, a field, what people say of a text with this word in it, and a way to make a checkpoint."""

    learner: Callable[[str], Learner]
    field: Field
    says: Callable[[str], Value]
    make: Callable[..., Path]

    def fit(self, source: Path, scratch: Path, **more: Any) -> Any:
        scratch.mkdir(exist_ok=True)
        texts = [f"{word} {n}" for n in range(8) for word in SAID]
        examples = [Example(n, text, self.says(text.split()[0])) for n, text in enumerate(texts)]
        return self.learner(str(source)).fit(self.field, examples, FitContext(BagOfWords(), scratch, seed=1, **more))

    def load(self, folder: Path) -> Model:
        return self.learner("any").load(folder, ModelContext(BagOfWords()))


def field(kind: FieldKind, *labels: str) -> Field:
    return Field("said", kind, labels, "text", ("text",))


CASES = {
    "finetune": Tuned(
        FinetuneLearner, field(FieldKind.CHOICE, *SAID), Choice, lambda folder, **more: tiny("bert", folder, **more)
    ),
    "token-finetune": Tuned(
        TokenFinetuneLearner,
        field(FieldKind.SPANS, *SAID),
        lambda word: Spans(frozenset({Span(0, len(word), word)})),
        lambda folder, **more: tiny("bert", folder, **more),
    ),
    "generate": Tuned(
        GenerateLearner,
        field(FieldKind.TEXT),
        lambda word: Text(SAID[word]),
        lambda folder, **more: tiny_writer("gpt2", folder, list(SAID.values()), **more),
    ),
}


@pytest.fixture(params=CASES)
def tuned(request: pytest.FixtureRequest) -> Tuned:
    return CASES[request.param]


@pytest.fixture
def source(tuned: Tuned, tmp_path: Path) -> Path:
    """Return a tiny checkpoint with random weights."""
    return tuned.make(tmp_path / "source")


def inside(model: Any) -> dict[str, torch.Tensor]:
    """Return the model's weights by name."""
    return dict((getattr(model, "network", None) or model.writer).model.state_dict())


def test_a_killed_fit_goes_on_and_ends_at_the_same(
    tuned: Tuned, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle of an epoch, tried again with the same scratch: the same weights, to the last bit."""
    monkeypatch.setattr(checkpoint, "EVERY_S", 0.0)
    monkeypatch.setattr(classify, "STEPS", (50, 50))

    class Killed(BaseException):
        """As a signal would."""

    def kill(share: float) -> None:
        if share > 0.42:
            raise Killed

    whole = tuned.fit(source, tmp_path / "whole")
    with pytest.raises(Killed):
        tuned.fit(source, tmp_path / "killed", report=kill)
    shares: list[float] = []
    resumed = tuned.fit(source, tmp_path / "killed", report=shares.append)

    assert shares[0] > 0.3
    assert shares[-1] == 1.0
    assert resumed.metadata == whole.metadata
    for name, weight in inside(whole).items():
        torch.testing.assert_close(inside(resumed)[name], weight, atol=0, rtol=0)


def test_when_time_is_up_the_best_so_far_is_returned(tuned: Tuned, source: Path, tmp_path: Path) -> None:
    """A deadline in the past leaves an untrained model that answers, not an error."""
    shares: list[float] = []
    (answer,) = tuned.fit(source, tmp_path / "scratch", deadline=0.0, report=shares.append).predict(["my card is lost"])

    assert shares == [1.0]
    assert tuned.field.allows(answer.value)


def test_pickled_weights_are_refused_with_the_way_out(tuned: Tuned, source: Path, tmp_path: Path) -> None:
    """A .bin file may run any code when read; the message says how to convert it."""
    (source / "model.safetensors").rename(source / "pytorch_model.bin")

    with pytest.raises(UserError, match=r"pickled.*save_pretrained\(\)"):
        tuned.fit(source, tmp_path / "scratch")


def test_a_checkpoint_without_tokenizer_says_so(tuned: Tuned, source: Path, tmp_path: Path) -> None:
    """No tokenizer is made up."""
    for file in source.glob("tokenizer*"):
        file.unlink()

    with pytest.raises(UserError, match="has no tokenizer"):
        tuned.fit(source, tmp_path / "scratch")


def test_damaged_weights_are_refused(tuned: Tuned, source: Path, tmp_path: Path) -> None:
    """Half a download is no checkpoint."""
    whole = (source / "model.safetensors").read_bytes()
    (source / "model.safetensors").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(UserError, match="damaged"):
        tuned.fit(source, tmp_path / "scratch")


def test_a_loss_that_is_no_number_is_a_clear_failure(tuned: Tuned, source: Path, tmp_path: Path) -> None:
    """Weights that hold infinities never become a model."""
    weights = load_file(source / "model.safetensors")
    save_file({name: w / 0 for name, w in weights.items()}, source / "model.safetensors", {"format": "pt"})

    with pytest.raises(Diverged, match="no number"):
        tuned.fit(source, tmp_path / "scratch")


def test_a_damaged_model_is_refused(tuned: Tuned, source: Path, tmp_path: Path) -> None:
    """Half a file never becomes a model, whichever file it is that a model cannot do without."""
    (tmp_path / "saved").mkdir()
    tuned.fit(source, tmp_path / "scratch", deadline=0.0).save(tmp_path / "saved")
    for path in sorted((tmp_path / "saved").iterdir()):
        if path.name == "generation_config.json":  # transformers writes it and does without
            continue
        kept = path.read_bytes()
        path.write_bytes(kept[: len(kept) // 2])
        with pytest.raises(BrokenPromise):
            tuned.load(tmp_path / "saved")
        path.write_bytes(kept)


def test_an_adapter_refuses_another_checkpoint(tuned: Tuned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adapters mean nothing beside other weights; the message names the checkpoint, and so it does where it is gone."""
    monkeypatch.setattr(network, "LARGE", 1)
    source = tuned.make(tmp_path / "source")
    (tmp_path / "saved").mkdir()
    tuned.fit(source, tmp_path / "scratch", deadline=0.0).save(tmp_path / "saved")
    tuned.make(source, seed=6)
    with pytest.raises(BrokenPromise, match=r"not the one.*put it back"):
        tuned.load(tmp_path / "saved")
    shutil.rmtree(source)
    with pytest.raises(UserError, match="source"):
        tuned.load(tmp_path / "saved")
