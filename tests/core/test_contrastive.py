"""Contrastive tuning: what it gains, what it keeps through a kill, and that serving needs no torch."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, Choices, FieldKind, Rating
from labelloop.encoders.encoder import OnnxEncoder
from labelloop.encoders.onnx_export import export
from labelloop.encoders.vectors import CachedEncoder
from labelloop.errors import BrokenPromise, NothingToLearn, UserError
from labelloop.learners.base import Example, FitContext, ModelContext
from labelloop.learners.contrastive import fit as contrastive_fit
from labelloop.learners.contrastive.learner import ContrastiveLearner, ContrastiveModel
from labelloop.learners.linear.learner import LinearLabelLearner
from labelloop.learners.training import checkpoint
from labelloop.learners.training import contrastive_tuning as contrast
from labelloop.learners.training.contrastive_tuning import batch, pairwise_similarity
from labelloop.learners.training.dataset import dataset
from labelloop.learners.training.sentence_encoder import SentenceEncoder
from labelloop.learners.training.training_errors import Diverged
from labelloop.testing import BagOfWords
from tests.core.checkpoints import CHINESE, WORDS, tiny, tiny_encoder

pytestmark = pytest.mark.slow

LABELS = ("amount", "person", "place", "reason")
ASKED = {
    "amount": ("How many {} were there ?", "How old is the {} ?", "In which year was the first {} sold ?"),
    "person": ("Who made the {} ?", "Which actor owned a {} ?", "Name the inventor of the {} ."),
    "place": ("Where is the {} kept ?", "What city has the largest {} ?", "In which country stands the {} ?"),
    "reason": ("Why is the {} famous ?", "What does a {} do ?", "How does one repair a {} ?"),
}
ASKED_OTHERWISE = {
    "amount": ("What did the {} cost ?", "When did they buy a {} ?", "What is the weight of a {} ?"),
    "person": ("What painter loved the {} ?", "Who lost a {} ?", "Which company sells the {} ?"),
    "place": ("Where can I find a {} ?", "From which town comes the {} ?", "What river is near the {} ?"),
    "reason": ("What is a {} ?", "What does the word {} mean ?", "How do you use the {} ?"),
}
THINGS = ("violin", "tractor", "pizza", "satellite", "novel", "passport", "volcano", "vaccine", "bicycle", "opera")
OTHERS = ("football", "camera", "river", "bank", "song", "ship", "bread", "crown", "window", "jacket", "planet")


def field(kind: FieldKind = FieldKind.CHOICE, labels: tuple[str, ...] = LABELS) -> Field:
    return Field("asks", kind, labels, "text", ("text",))


def small(n: int = 24) -> list[Example]:
    """Texts of the tiny encoder's words."""
    return [
        Example(k, f"{(WORDS, CHINESE)[k % 2][k % 17]} {WORDS[k * 7 % 17]} {k % 5}", Choice(LABELS[k % 2]))
        for k in range(n)
    ]


@pytest.fixture(scope="module")
def tiny_one(tmp_path_factory: pytest.TempPathFactory) -> OnnxEncoder:
    return tiny_encoder(tmp_path_factory.mktemp("tiny-encoder"))


def fit(encode: OnnxEncoder, scratch: Path, told: list[Example] | None = None, **more: Any) -> ContrastiveModel:
    scratch.mkdir(exist_ok=True)
    asked = more.pop("field", field())
    return ContrastiveLearner().fit(
        asked, small() if told is None else told, FitContext(encode, scratch, seed=1, **more)
    )


def saved(model: ContrastiveModel, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    model.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_it_tells_apart_what_frozen_vectors_do_not(
    encoder: CachedEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real encoder, 24 questions by what they ask for, not by topic; asked about other things in other words."""
    monkeypatch.setattr(contrastive_fit, "STEPS", 16)
    monkeypatch.setattr(contrastive_fit, "FEWEST_HELD_OUT", 1000)
    told = [
        (asked[n % 3].format(THINGS[n + i]), label) for i, (label, asked) in enumerate(ASKED.items()) for n in range(6)
    ]
    unseen = [(a.format(thing), label) for label, asked in ASKED_OTHERWISE.items() for a in asked for thing in OTHERS]
    examples = [Example(n, text, Choice(label)) for n, (text, label) in enumerate(told)]

    def share_right(learner: LinearLabelLearner | ContrastiveLearner) -> float:
        model = learner.fit(field(), examples, FitContext(encoder, tmp_path, seed=1))
        best = model.predict_proba([text for text, _ in unseen]).argmax(axis=1)
        return float(np.mean([model.labels[b] == label for b, (_, label) in zip(best, unseen, strict=True)]))

    frozen, tuned = share_right(LinearLabelLearner()), share_right(ContrastiveLearner())

    assert tuned > frozen + 0.06
    assert tuned > 0.93


def test_a_stored_model_serves_without_torch_and_without_the_projects_encoder(
    tiny_one: OnnxEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that may not import torch or transformers gives the same answers, to the last bit."""
    monkeypatch.setattr(contrastive_fit, "STEPS", 20)
    model = fit(tiny_one, tmp_path / "scratch")
    files = saved(model, tmp_path / "saved")
    texts = ["my card", "雨 rain", "", "half a character \ud83d"]
    script = """
import sys, json, pathlib
sys.modules["torch"] = sys.modules["transformers"] = None
from labelloop.learners.base import ModelContext
from labelloop.plugins import learner
from labelloop.testing import BagOfWords
model = learner("contrastive").load(pathlib.Path(sys.argv[1]), ModelContext(BagOfWords()))
print(json.dumps(model.predict_proba(json.loads(sys.argv[2])).tolist()))
"""
    command = [sys.executable, "-c", script, str(tmp_path / "saved"), json.dumps(texts)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(json.loads(done.stdout), model.predict_proba(texts))
    assert set(files) == {"head.json", "head.safetensors", "model.onnx", "tokenizer.json", "encoder.json"}
    assert str(tmp_path / "scratch").encode() not in b"".join(files.values())


def test_a_killed_fit_goes_on_and_ends_at_the_same(
    tiny_one: OnnxEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while rehearsing and again while tuning: the files are those of a fit that was left in peace."""
    monkeypatch.setattr(checkpoint, "EVERY_S", 0.0)
    monkeypatch.setattr(contrastive_fit, "FEWEST_HELD_OUT", 2)
    monkeypatch.setattr(contrastive_fit, "STEPS", 40)
    monkeypatch.setattr("labelloop.learners.training.early_stopping.PATIENCE", 100)

    class Killed(BaseException):
        """As a signal would."""

    def killer(after: float) -> object:
        def kill(share: float) -> None:
            if share > after:
                raise Killed

        return kill

    whole = saved(fit(tiny_one, tmp_path / "whole"), tmp_path / "one")
    for after in (0.1, 0.5):
        with pytest.raises(Killed):
            fit(tiny_one, tmp_path / "killed", report=killer(after))
    shares: list[float] = []
    resumed = saved(fit(tiny_one, tmp_path / "killed", report=shares.append), tmp_path / "two")

    assert shares[0] > 0.5
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    assert resumed == whole


def test_a_text_has_one_vector_in_any_company_and_place(tiny_one: OnnxEncoder) -> None:
    """Texts are read sorted by length, a few at a time; each gets the vector that it has alone, as it is served."""
    encoder = SentenceEncoder(tiny_one.source, "")
    texts = [" ".join(WORDS[: n * 5 % 11]) for n in range(11)] + ["", "雨", "half a character \ud83d"]

    together, alone = encoder(texts), np.concatenate([encoder([text]) for text in texts])

    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert (together * tiny_one(texts)).sum(axis=1).min() > 0.98
    np.testing.assert_allclose(encoder(texts[::-1]), together[::-1], atol=1e-6)


def test_what_single_words_mean_is_not_tuned(tiny_one: OnnxEncoder, tmp_path: Path) -> None:
    """The table of words, most of a multilingual encoder, stays to the last bit, while the layers above it move."""
    encoder = SentenceEncoder(tiny_one.source, "")
    before = {name: weight.detach().clone() for name, weight in encoder.model.named_parameters()}
    table = dataset(field(), small())
    course = contrast.TuningPlan(
        table, np.arange(len(small())), 20, FitContext(tiny_one, seed=1, deadline=time.monotonic() + 60)
    )
    contrast.tune(encoder, course, checkpoint.Checkpoint(tmp_path / "kept.safetensors", ""), until=3)

    moved = {name for name, weight in encoder.model.named_parameters() if not weight.equal(before[name])}
    assert {name for name in before if "word_embeddings" in name} == before.keys() - encoder.weights().keys()
    assert not {name for name in moved if "word_embeddings" in name}
    assert "encoder.layer.0.attention.self.query.weight" in moved


def test_the_deadline_ends_a_fit_with_what_there_is(tiny_one: OnnxEncoder, tmp_path: Path) -> None:
    """A fit whose time is over still gives a model: the encoder as it was, and a head."""
    model = fit(tiny_one, tmp_path / "scratch", deadline=time.monotonic() - 1)

    assert model.predict_proba(["my card"]).shape == (1, 2)


@pytest.mark.parametrize(
    ("kind", "labels", "value"),
    [
        (FieldKind.CHOICES, LABELS, lambda n: Choices(frozenset(LABELS[: n % 3]))),
        (FieldKind.RATING, ("1", "2", "3", "4", "5"), lambda n: Rating(1 + n % 4)),
        (FieldKind.TAXONOMY, ("a > b", "a > c"), lambda n: Choices(frozenset({("a > b", "a > c")[n % 2]}))),
    ],
    ids=["choices", "rating", "taxonomy"],
)
def test_other_kinds_are_learned_too(
    tiny_one: OnnxEncoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: FieldKind,
    labels: tuple[str, ...],
    value: object,
) -> None:
    """Sets of labels and stars; of stars all are in the answer, those never seen with next to no probability."""
    monkeypatch.setattr(contrastive_fit, "STEPS", 20)
    told = [Example(e.task_id, e.text, value(e.task_id)) for e in small()]  # type: ignore[operator]
    model = fit(tiny_one, tmp_path / "scratch", told, field=field(kind, labels))
    rows = model.predict_proba(["my card", ""])

    assert [label for label in labels if label in model.labels] == list(model.labels)
    assert ((rows >= 0) & (rows <= 1)).all()
    if kind is FieldKind.RATING:
        assert model.labels == labels
        assert rows[:, 4].max() < 1e-6
        np.testing.assert_allclose(rows.sum(axis=1), 1.0)


def test_one_label_only_gives_a_constant(tiny_one: OnnxEncoder, tmp_path: Path) -> None:
    """Two of two, four labels: three sixths by Laplace's rule of succession."""
    model = fit(tiny_one, tmp_path / "scratch", [Example(n, "my card", Choice("person")) for n in range(2)])

    np.testing.assert_allclose(model.predict_proba(["rain"]), [[1 / 6, 1 / 2, 1 / 6, 1 / 6]])
    with pytest.raises(NothingToLearn):
        fit(tiny_one, tmp_path / "scratch", [Example(1, "my card", Choice("removed"))])


def test_a_damaged_model_is_refused(tiny_one: OnnxEncoder, tmp_path: Path) -> None:
    """Half a file never answers, whichever it is."""
    model = fit(tiny_one, tmp_path / "scratch", deadline=time.monotonic() - 1)
    for name in saved(model, tmp_path / "saved"):
        folder = tmp_path / name
        saved(model, folder)
        (folder / name).write_bytes((folder / name).read_bytes()[:-10])
        with pytest.raises(BrokenPromise):
            ContrastiveLearner().load(folder, ModelContext(BagOfWords()))


@pytest.mark.parametrize("fate", ["deleted", "used again"])
def test_a_model_answers_without_its_folder_and_says_plainly_that_it_cannot_be_saved(
    tiny_one: OnnxEncoder, tmp_path: Path, fate: str
) -> None:
    """A stored model is unpacked only to be loaded; a head is never saved with the encoder of another fit."""
    fitted = fit(tiny_one, tmp_path / "scratch", deadline=time.monotonic() - 1)
    saved(fitted, tmp_path / "saved")
    loaded = ContrastiveLearner().load(tmp_path / "saved", ModelContext(BagOfWords()))
    shutil.rmtree(tmp_path / "saved")
    if fate == "used again":
        export(str(tiny("bert", tmp_path / "other", seed=6)), tmp_path / "saved", max_tokens=32, prefix="")
    (tmp_path / "anew").mkdir()

    np.testing.assert_array_equal(loaded.predict_proba(["my card", "雨"]), fitted.predict_proba(["my card", "雨"]))
    with pytest.raises(BrokenPromise, match="save a model before"):
        loaded.save(tmp_path / "anew")
    assert not any((tmp_path / "anew").iterdir())


def test_an_encoder_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    """What cannot be read cannot be tuned; the message names it."""

    class Elsewhere(BagOfWords):
        @property
        def source(self) -> str:
            return str(tmp_path)

    with pytest.raises(UserError, match=r"config\.json"):
        fit(Elsewhere(), tmp_path / "scratch")  # type: ignore[arg-type]


def test_a_loss_that_is_no_number_is_a_clear_failure(
    tiny_one: OnnxEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fit is recorded as failed and the champion stays."""
    tensors = SentenceEncoder.tensors
    monkeypatch.setattr(SentenceEncoder, "tensors", lambda self, texts: tensors(self, texts) / 0)

    with pytest.raises(Diverged, match="no number"):
        fit(tiny_one, tmp_path / "scratch")


def test_a_batch_has_as_many_texts_of_each_label() -> None:
    """Rare labels are drawn as often as others, no text twice; a text without any label has a place too."""
    truth = np.array([[True, False]] * 50 + [[False, True]] * 4 + [[False, False]] * 9)
    drawn = batch(truth, np.arange(63), np.random.default_rng(1))

    assert len(set(drawn)) == len(drawn)
    assert [sum(low <= row < high for row in drawn) for low, high in ((0, 50), (50, 54), (54, 63))] == [8, 4, 8]
    many = batch(np.eye(40, dtype=bool).repeat(5, axis=0), np.arange(200), np.random.default_rng(1))
    assert len(many) == contrast.GROUPS * 3


def test_likeness_is_that_of_the_values() -> None:
    """Equal labels 1, others 0; sets by what they share; stars by their distance."""
    np.testing.assert_array_equal(pairwise_similarity([Choice("a"), Choice("b"), Choice("a")])[0], [1, 0, 1])
    assert pairwise_similarity([Rating(1), Rating(4)])[0, 1] == 0.25
    assert pairwise_similarity([Choices(frozenset("ab")), Choices(frozenset("b"))])[0, 1] == 0.5
