"""The contract every registered learner keeps, and what the linear one promises beyond it."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, Choices, FieldKind, Value
from labelloop.encoders.vectors import CachedEncoder
from labelloop.errors import BrokenPromise, NothingToLearn, UserError
from labelloop.learners.base import Example, Learner
from labelloop.learners.linear import LinearLearner
from labelloop.plugins import learner, learner_names
from labelloop.testing import BagOfWords

CARD = [
    "my card is lost",
    "the bank card was stolen",
    "我的银行卡丢了",
    "card not working",
    "block my card 💳",
    "卡被吞了",
]
RAIN = ["it will rain tomorrow", "sunny and warm", "明天会下雨", "a storm is coming 🌧️", "cold wind today", "今天很热"]
FOOD = ["the soup was great", "best pizza in town", "这家面很好吃", "too much salt", "خبز طازج", "lovely cake"]
LABELS = ("weather", "card", "food", "sport")


def field(kind: FieldKind) -> Field:
    return Field("topic", kind, LABELS, "text", ("text",))


def value(kind: FieldKind, *labels: str) -> Value:
    return Choice(labels[0]) if kind is FieldKind.CHOICE else Choices(frozenset(labels))


def examples(kind: FieldKind) -> list[Example]:
    told = [(text, label) for texts, label in ((CARD, "card"), (RAIN, "weather"), (FOOD, "food")) for text in texts]
    return [Example(n, text, value(kind, label)) for n, (text, label) in enumerate(told)]


@pytest.fixture(params=learner_names())
def any_learner(request: pytest.FixtureRequest) -> Learner:
    return learner(request.param)


@pytest.fixture(params=FieldKind, ids=str)
def kind(request: pytest.FixtureRequest) -> FieldKind:
    assert isinstance(request.param, FieldKind)
    return request.param


def test_a_learner_learns_from_a_few_examples(any_learner: Learner, kind: FieldKind, encoder: CachedEncoder) -> None:
    """With the real encoder, six examples a label are enough to tell plainly different topics apart."""
    model = any_learner.fit(field(kind), examples(kind), encode=encoder, seed=1)
    answers = model.predict(["someone took my bank card", "will it snow tonight?", "this bread tastes wonderful"])

    assert [model.labels[best] for best in answers.argmax(axis=1)] == ["card", "weather", "food"]


def test_probabilities_are_probabilities(any_learner: Learner, kind: FieldKind) -> None:
    """One row a text, one column a label of the field, in [0, 1]; rows of one choice sum to 1."""
    model = any_learner.fit(field(kind), examples(kind), encode=BagOfWords(), seed=1)
    answers = model.predict([*CARD, "", "😀" * 500, "half a character \ud83d"])

    assert answers.shape == (len(CARD) + 3, len(model.labels))
    assert answers.dtype == np.float64
    assert ((answers >= 0) & (answers <= 1)).all()
    assert [label for label in LABELS if label in model.labels] == list(model.labels)
    if kind is FieldKind.CHOICE:
        np.testing.assert_allclose(answers.sum(axis=1), 1.0)


def test_no_text_gets_no_row(any_learner: Learner, kind: FieldKind) -> None:
    """Asking nothing is allowed."""
    model = any_learner.fit(field(kind), examples(kind), encode=BagOfWords(), seed=1)

    assert model.predict([]).shape == (0, len(model.labels))


def test_the_same_seed_saves_the_same_bytes_and_they_predict_the_same(
    any_learner: Learner, kind: FieldKind, tmp_path: Path
) -> None:
    """A version can be made again, and a stored one is the one that was measured."""
    many = [Example(n, f"{e.text} {n}", e.value) for n, e in enumerate(examples(kind) * 3)]
    saved = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        model = any_learner.fit(field(kind), many, encode=BagOfWords(), seed=7)
        model.save(folder)
        saved.append({path.name: path.read_bytes() for path in folder.iterdir()})
    loaded = any_learner.load(tmp_path / "two", encode=BagOfWords())

    assert saved[0] == saved[1]
    assert {Path(name).suffix for name in saved[0]} <= {".json", ".safetensors"}
    assert loaded.labels == model.labels
    np.testing.assert_array_equal(loaded.predict(CARD), model.predict(CARD))


def test_a_model_refuses_another_encoder(any_learner: Learner, kind: FieldKind, tmp_path: Path) -> None:
    """A head on vectors it was not fitted to would answer nonsense with confidence."""
    any_learner.fit(field(kind), examples(kind), encode=BagOfWords(64), seed=1).save(tmp_path)

    with pytest.raises(BrokenPromise, match="encoder"):
        any_learner.load(tmp_path, encode=BagOfWords(32))


def test_a_damaged_model_is_refused(any_learner: Learner, kind: FieldKind, tmp_path: Path) -> None:
    """Half a file never becomes a model."""
    any_learner.fit(field(kind), examples(kind), encode=BagOfWords(), seed=1).save(tmp_path)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-10])

    with pytest.raises(BrokenPromise):
        any_learner.load(tmp_path, encode=BagOfWords())


def test_threads_may_share_a_model(any_learner: Learner, kind: FieldKind) -> None:
    """Requests of one server are answered side by side."""
    model = any_learner.fit(field(kind), examples(kind), encode=BagOfWords(), seed=1)
    alone = model.predict(RAIN)
    with ThreadPoolExecutor(4) as threads:
        for answers in threads.map(lambda _: model.predict(RAIN), range(20)):
            np.testing.assert_array_equal(answers, alone)


def test_one_label_only_gives_a_constant_that_is_not_sure(any_learner: Learner, kind: FieldKind) -> None:
    """Where everybody said the same so far, the rest may still be different."""
    told = [Example(n, text, value(kind, "card")) for n, text in enumerate(CARD)]
    model = any_learner.fit(field(kind), told, encode=BagOfWords(), seed=1)
    card = model.predict(RAIN)[:, model.labels.index("card")]

    assert ((card > 0.5) & (card < 1.0)).all()


def test_one_example_is_enough_to_answer(any_learner: Learner, kind: FieldKind) -> None:
    """The first label of a project breaks nothing."""
    model = any_learner.fit(field(kind), examples(kind)[:1], encode=BagOfWords(), seed=1)

    assert model.predict(["anything"]).shape == (1, len(model.labels))


@pytest.mark.parametrize("text", ["", "the same words", "🎉"])
def test_texts_that_are_all_alike_break_nothing(any_learner: Learner, kind: FieldKind, text: str) -> None:
    """Empty and repeated texts, with labels that contradict each other, give calm answers."""
    told = [Example(n, text, value(kind, ("card", "food")[n % 2])) for n in range(40)]
    model = any_learner.fit(field(kind), told, encode=BagOfWords(), seed=1)

    np.testing.assert_allclose(model.predict([text]), 0.5, atol=0.05)


def test_labels_the_field_no_longer_allows_are_not_learned(any_learner: Learner, kind: FieldKind) -> None:
    """A changed configuration does not bring removed labels back."""
    told = [*examples(kind), Example(99, "old", value(kind, "removed"))]
    model = any_learner.fit(field(kind), told, encode=BagOfWords(), seed=1)

    assert set(model.labels) <= set(LABELS)
    with pytest.raises(NothingToLearn):
        any_learner.fit(field(kind), told[-1:], encode=BagOfWords(), seed=1)


def test_several_labels_are_judged_one_by_one(any_learner: Learner) -> None:
    """Labels of several choices are independent: none, one and two may be likely."""
    sets = [("card",), ("food",), ("card", "food"), ()]
    words = {("card",): "card bank", ("food",): "soup bread", ("card", "food"): "card bank soup bread", (): "wind sky"}
    told = [Example(n, words[sets[n % 4]], Choices(frozenset(sets[n % 4]))) for n in range(40)]
    model = any_learner.fit(field(FieldKind.CHOICES), told, encode=BagOfWords(), seed=1)
    answers = model.predict([words[labels] for labels in sets])

    assert [tuple(label for label, p in zip(model.labels, row, strict=True) if p >= 0.5) for row in answers] == sets


def test_sets_without_any_label_are_a_fact_too(any_learner: Learner) -> None:
    """Where nobody asserted any label, every label is unlikely, none impossible."""
    told = [Example(n, text, Choices(frozenset())) for n, text in enumerate(CARD)]
    answers = any_learner.fit(field(FieldKind.CHOICES), told, encode=BagOfWords(), seed=1).predict(RAIN)

    assert ((answers > 0) & (answers < 0.5)).all()
    assert answers.shape[1] > 0


def test_an_unknown_learner_is_answered_with_the_known_ones() -> None:
    """The message says what to write instead."""
    with pytest.raises(UserError, match="linear"):
        learner("no-such-learner")


# What follows is promised by `linear` alone.


def noisy(n: int, seed: int = 3) -> tuple[list[str], list[str]]:
    """Texts whose words point to the right label in seven of ten cases."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(["card", "weather", "food"], n)
    hint = np.where(rng.random(n) < 0.7, truth, rng.choice(["card", "weather", "food"], n))
    return [f"{word} {rng.integers(5)}" for word in hint], truth.tolist()


@pytest.mark.parametrize("kind", FieldKind, ids=str)
def test_confidence_is_honest(kind: FieldKind) -> None:
    """After the temperature, the mean confidence is near the share that is right."""
    texts, truth = noisy(1400)
    told = [Example(n, texts[n], value(kind, truth[n])) for n in range(400)]
    model = LinearLearner().fit(field(kind), told, encode=BagOfWords(), seed=1)
    answers = model.predict(texts[400:])
    right = np.array([[label == wanted for label in model.labels] for wanted in truth[400:]])
    best = answers.argmax(axis=1)

    confidence, share = answers[np.arange(len(best)), best].mean(), right[np.arange(len(best)), best].mean()
    assert confidence == pytest.approx(share, abs=0.04)


def test_few_examples_have_no_temperature_and_many_have_one() -> None:
    """Fewer than thirty tell nothing of calibration; a label given once does not prevent it."""
    texts, truth = noisy(120)
    told = [Example(n, text, Choice(label)) for n, (text, label) in enumerate(zip(texts, truth, strict=True))]
    rare = Example(1000, "football", Choice("sport"))
    temperatures = [
        LinearLearner().fit(field(FieldKind.CHOICE), some, encode=BagOfWords(), seed=1).temperature
        for some in (told[:29], told, [*told, rare])
    ]

    assert temperatures[0] == 1.0
    assert temperatures[1] != 1.0
    assert temperatures[2] == pytest.approx(temperatures[1], rel=0.3)


def test_one_label_only_follows_the_rule_of_succession() -> None:
    """Six of six, four labels: seven tenths, and one tenth for each other."""
    told = [Example(n, text, Choice("card")) for n, text in enumerate(CARD)]
    model = LinearLearner().fit(field(FieldKind.CHOICE), told, encode=BagOfWords(), seed=1)

    assert model.labels == LABELS
    np.testing.assert_allclose(model.predict(["x"]), [[0.1, 0.7, 0.1, 0.1]])


def test_the_order_of_the_examples_does_not_matter(tmp_path: Path) -> None:
    """A training set is a set."""
    saved = []
    for name, told in (("one", examples(FieldKind.CHOICE)), ("two", examples(FieldKind.CHOICE)[::-1])):
        (tmp_path / name).mkdir()
        LinearLearner().fit(field(FieldKind.CHOICE), told, encode=BagOfWords(), seed=1).save(tmp_path / name)
        saved.append((tmp_path / name / "head.safetensors").read_bytes())

    assert saved[0] == saved[1]


def test_what_is_saved_can_be_read_by_people(tmp_path: Path) -> None:
    """`head.json` says the labels, the kind, the temperature and the encoder."""
    LinearLearner().fit(field(FieldKind.CHOICE), examples(FieldKind.CHOICE), encode=BagOfWords(), seed=1).save(tmp_path)
    about = json.loads((tmp_path / "head.json").read_text("utf-8"))

    assert about == {
        "encoder": BagOfWords().digest,
        "kind": "choice",
        "labels": ["weather", "card", "food"],
        "temperature": 1.0,
    }
