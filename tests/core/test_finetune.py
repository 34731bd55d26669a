"""Fine-tuning: any checkpoint learns, is stored and answers the same; what is wrong with one is said plainly."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, Choices, FieldKind, Rating, Value
from labelloop.errors import NeighbourError, NothingToLearn, UserError
from labelloop.learners.base import Example, FitContext, ModelContext
from labelloop.learners.finetune.learner import FinetunedModel, FinetuneLearner
from labelloop.learners.training import checkpoint, network
from labelloop.learners.training import trainer as classify
from labelloop.learners.training.network import Network
from labelloop.learners.training.training_errors import OutOfMemory
from labelloop.plugins import learner
from labelloop.testing import BagOfWords
from tests.core.checkpoints import tiny

pytestmark = pytest.mark.slow  # it trains networks

LABELS = ("weather", "card", "food")
TEXTS = {
    "card": ["my card is lost", "bank card stolen", "我的银行卡丢了", "card pin", "卡被吞了", "my bank pin lost"],
    "weather": ["rain will storm", "sunny wind today", "明天会下雨", "cold storm", "今天很热", "rain today cold"],
    "food": ["soup pizza", "salt bread cake", "这家面很好吃", "pizza cake", "bread salt", "cold soup salt"],
}
STYLES = ("bert", "gpt2", "llama")


def field(kind: FieldKind = FieldKind.CHOICE, labels: tuple[str, ...] = LABELS) -> Field:
    return Field("topic", kind, labels, "text", ("text",))


def examples(value: Callable[[str], Value] = Choice, times: int = 2) -> list[Example]:
    told = [(f"{text} {n}", label) for n in range(times) for label, texts in TEXTS.items() for text in texts]
    return [Example(n, text, value(label)) for n, (text, label) in enumerate(told)]


def fit(checkpoint_folder: Path, tmp_path: Path, told: list[Example] | None = None, **more: Any) -> FinetunedModel:
    tmp_path.mkdir(exist_ok=True)
    return FinetuneLearner(str(checkpoint_folder)).fit(
        more.pop("field", field()), told or examples(), FitContext(BagOfWords(), tmp_path, seed=1, **more)
    )


def inside(model: FinetunedModel) -> Network:
    assert model.network is not None
    return model.network


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny("bert", tmp_path_factory.mktemp("bert"))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("adapted", [False, True], ids=["whole", "adapted"])
def test_an_encoder_and_decoders_learn_and_a_stored_model_answers_the_same(
    style: str, adapted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BERT-, GPT-2- and Llama-style checkpoints, trained whole or through adapters: fit, save, load, predict."""
    monkeypatch.setattr(classify, "STEPS", (80, 80))
    monkeypatch.setattr(network, "LARGE", 1 if adapted else 10**9)
    monkeypatch.setattr("labelloop.learners.training.run.learning_rate", lambda *_, adapted: 2e-2 if adapted else 5e-3)
    source = tiny(style, tmp_path / "source")
    model = fit(source, tmp_path / "scratch", examples(times=4))
    seen = [text for texts in TEXTS.values() for text in texts]
    right = [label for label, texts in TEXTS.items() for _ in texts]
    (tmp_path / "saved").mkdir()
    model.save(tmp_path / "saved")
    loaded = FinetuneLearner().load(tmp_path / "saved", ModelContext(BagOfWords()))
    odd = ["", "😀" * 300, "half a character \ud83d", "خبز"]

    best = [model.labels[column] for column in model.predict_proba(seen).argmax(axis=1)]
    assert np.mean([one == other for one, other in zip(best, right, strict=True)]) > (0.5 if adapted else 0.8)
    np.testing.assert_array_equal(loaded.predict_proba(seen + odd), model.predict_proba(seen + odd))
    np.testing.assert_allclose(model.predict_proba(odd).sum(axis=1), 1.0)
    assert {path.suffix for path in (tmp_path / "saved").iterdir()} == {".json", ".safetensors"}
    assert (tmp_path / "saved" / network.ADAPTER).exists() == adapted


@pytest.mark.parametrize("style", STYLES)
def test_company_does_not_change_an_answer_however_it_is_filled_up(style: str, tmp_path: Path) -> None:
    """Texts of one batch are filled up to the longest; what a text says is read off its own last token."""
    model = fit(tiny(style, tmp_path / "source"), tmp_path / "scratch", deadline=0.0)
    network = inside(model)
    short, long = network.reader("my card"), network.reader("rain will storm my bank pin today")
    with torch.inference_mode():
        alone, together = network.forward([short]), network.forward([short, long])

    torch.testing.assert_close(alone[0], together[0], atol=1e-5, rtol=1e-4)


def test_a_checkpoint_of_another_fit_or_half_a_one_is_not_taken_up(
    bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other examples begin anew, and so does a file that was cut off."""
    monkeypatch.setattr(checkpoint, "EVERY_S", 0.0)
    monkeypatch.setattr(classify, "STEPS", (20, 20))
    fit(bert, tmp_path / "scratch", examples(times=1))
    kept = tmp_path / "scratch" / "finetune.safetensors"
    expected = fit(bert, tmp_path / "other").predict_proba(["my card"])
    other = fit(bert, tmp_path / "scratch").predict_proba(["my card"])
    kept.write_bytes(kept.read_bytes()[:-100])
    damaged = fit(bert, tmp_path / "scratch").predict_proba(["my card"])

    np.testing.assert_array_equal(other, expected)
    np.testing.assert_array_equal(damaged, expected)


def test_it_stops_when_it_gets_no_better(bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels by chance teach nothing: training ends long before the steps that were planned."""
    monkeypatch.setattr(classify, "STEPS", (1000, 1000))
    rng = np.random.default_rng(3)
    told = [Example(e.task_id, e.text, Choice(str(rng.choice(LABELS)))) for e in examples()]
    shares: list[float] = []
    fit(bert, tmp_path / "scratch", told, report=shares.append)

    assert max(shares[:-1]) < 0.5


def test_several_labels_and_stars_are_learned_too(bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels of several choices stand for themselves; of stars all are in the answer, seen or not."""
    monkeypatch.setattr(classify, "STEPS", (20, 20))
    several = fit(
        bert, tmp_path / "several", examples(lambda label: Choices(frozenset({label}))), field=field(FieldKind.CHOICES)
    )
    stars = field(FieldKind.RATING, ("1", "2", "3", "4", "5"))
    rated = fit(bert, tmp_path / "rated", examples(lambda label: Rating(1 + 2 * LABELS.index(label))), field=stars)

    assert several.labels == LABELS
    assert ((several.predict_proba(["my card"]) >= 0) & (several.predict_proba(["my card"]) <= 1)).all()
    assert rated.labels == ("1", "2", "3", "4", "5")
    assert isinstance(rated.predict(["my card"])[0].value, Rating)


def test_a_rare_label_weighs_more() -> None:
    """As often as it is rarer, up to tenfold; of several labels as often as it was not given."""
    truth = np.array([[True, False]] * 30 + [[False, True]] * 10)

    np.testing.assert_allclose(classify.label_weights(truth, several=False), [2 / 3, 2.0])
    np.testing.assert_allclose(classify.label_weights(truth, several=True), [1.0, 3.0])
    np.testing.assert_allclose(classify.label_weights(np.eye(1, 100, dtype=bool).T, several=True), [10.0])


def test_every_row_comes_once_in_each_round() -> None:
    """Steps deal the rows out like cards, in an order that only the seed decides."""
    rows = np.arange(40)
    dealt = [row for step in range(5) for row in classify.batch(rows, step, seed=1)]

    assert sorted(dealt[:40]) == sorted(dealt[40:80]) == list(range(40))
    assert classify.batch(rows, 3, seed=1) == classify.batch(rows, 3, seed=1)
    assert len(classify.batch(np.arange(3), 7, seed=1)) == 3


def test_a_long_text_keeps_its_head_and_its_tail(bert: Path, tmp_path: Path) -> None:
    """The middle goes; begin and end, with the tokens that mark them, stay, and the log says how many were cut."""
    reader = inside(fit(bert, tmp_path / "scratch", deadline=0.0)).reader
    ids = reader("card " + "rain " * 500 + "soup")

    assert reader.limit == len(ids) == 48
    assert [reader.tokenizer.id_to_token(n) for n in (*ids[:2], *ids[-2:])] == ["[CLS]", "card", "soup", "[SEP]"]
    assert reader.cuts("rain " * 500)
    assert not reader.cuts("rain")


def test_one_label_only_gives_a_constant(bert: Path, tmp_path: Path) -> None:
    """Two of two, three labels: three fifths by Laplace's rule of succession; no weights are trained or stored."""
    model = fit(bert, tmp_path / "scratch", [Example(n, "my card", Choice("card")) for n in range(2)])
    (tmp_path / "saved").mkdir()
    model.save(tmp_path / "saved")
    loaded = FinetuneLearner().load(tmp_path / "saved", ModelContext(BagOfWords()))

    np.testing.assert_allclose(model.predict_proba(["rain", "soup"]), [[0.2, 0.6, 0.2]] * 2)
    np.testing.assert_array_equal(loaded.predict_proba(["rain"]), model.predict_proba(["rain"]))
    with pytest.raises(NothingToLearn):
        fit(bert, tmp_path / "scratch", [Example(1, "my card", Choice("removed"))])


def test_the_checkpoint_is_named_behind_a_colon_and_is_the_encoder_by_default(
    bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`finetune:FOLDER` in the rules; `finetune` alone tunes what LABELLOOP_ENCODER names."""
    named = learner(f"finetune:{bert}").fit(
        field(), examples(), FitContext(BagOfWords(), tmp_path, seed=1, deadline=0.0)
    )
    encode = BagOfWords()
    monkeypatch.setattr(BagOfWords, "source", str(bert))
    alone = learner("finetune").fit(field(), examples(), FitContext(encode, tmp_path, seed=1, deadline=0.0))

    assert isinstance(named, FinetunedModel)
    assert isinstance(alone, FinetunedModel)
    assert named.metadata == alone.metadata


# What can be wrong with a checkpoint.


@pytest.mark.parametrize(
    ("about", "match"),
    [
        ({"model_type": "vit"}, "cannot classify"),
        ({"model_type": "made-up", "auto_map": {"AutoModel": "evil.Evil"}}, "without code of its own"),
    ],
    ids=["images", "own code"],
)
def test_a_checkpoint_of_the_wrong_kind_says_so(
    bert: Path, tmp_path: Path, about: dict[str, object], match: str
) -> None:
    """A model of images, or one that brings its own code, is refused; the code is not run."""
    folder = Path(shutil.copytree(bert, tmp_path / "wrong"))
    (folder / "config.json").write_text(json.dumps(about), "utf-8")
    (folder / "evil.py").write_text("raise SystemExit", "utf-8")

    with pytest.raises(UserError, match=match):
        fit(folder, tmp_path / "scratch")


def test_weights_of_another_network_are_refused(bert: Path, tmp_path: Path) -> None:
    """Weights that the configuration does not describe would silently be random ones."""
    folder = Path(shutil.copytree(bert, tmp_path / "swapped"))
    shutil.copy(tiny("gpt2", tmp_path / "gpt2") / "model.safetensors", folder)

    with pytest.raises(UserError, match="are missing or of another size"):
        fit(folder, tmp_path / "scratch")


def test_too_little_memory_makes_batches_smaller(bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where eight texts at once are too many, fewer are tried; the batch that is learned from stays the same."""
    sizes: list[int] = []
    forward = Network.forward

    def small(self: Network, ids: list[list[int]]) -> torch.Tensor:
        sizes.append(len(ids))
        if len(ids) > 2:
            raise torch.OutOfMemoryError("out of memory")
        return forward(self, ids)

    monkeypatch.setattr(Network, "forward", small)
    monkeypatch.setattr(classify, "STEPS", (3, 3))
    model = fit(bert, tmp_path / "scratch")

    assert sizes[:3] == [8, 4, 2]
    assert model.predict_proba(["my card"]).shape == (1, 3)


def test_no_memory_even_for_one_text_is_a_clear_failure(
    bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fit is recorded as failed, with what to do; the champion stays."""

    def none(self: Network, ids: list[list[int]]) -> torch.Tensor:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate")

    monkeypatch.setattr(Network, "forward", none)
    with pytest.raises(OutOfMemory, match="smaller checkpoint"):
        fit(bert, tmp_path / "scratch")


def test_a_lost_gpu_is_tried_again(bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a neighbour that failed: the job is retried and goes on from its checkpoint."""

    def lost(self: Network, ids: list[list[int]]) -> torch.Tensor:
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(Network, "forward", lost)
    with pytest.raises(NeighbourError, match="Trying again"):
        fit(bert, tmp_path / "scratch")
