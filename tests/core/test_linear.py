"""What the linear learners promise beyond the contract."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.tasks import INPUT_BREAK
from labelloop.domain.values import Choice, Choices, FieldKind, Rating, Value
from labelloop.learners.base import Example, FitContext, ModelContext
from labelloop.learners.linear.graph_smoothing import Smoothed
from labelloop.learners.linear.learner import LinearLabelLearner, LogisticLearner
from labelloop.learners.linear.memory import unit
from labelloop.learners.linear.model import LinearModel
from labelloop.learners.logistic_head import Head, probabilities
from labelloop.testing import BagOfWords
from tests.core.kinds import CARD, LABELS, problem

TOPICS = ("card", "weather", "food")
WORDS = {
    "card": ["card", "bank", "pin", "lost", "stolen", "block", "account", "money", "卡", "银行"],
    "weather": ["rain", "snow", "wind", "cold", "sunny", "storm", "hot", "cloud", "雨", "雪"],
    "food": ["soup", "bread", "cake", "salt", "pizza", "tasty", "lunch", "cook", "面", "饭"],
}
BOTH = (LogisticLearner, LinearLabelLearner)


def field(kind: FieldKind, *labels: str, inputs: int = 1) -> Field:
    return Field("topic", kind, labels or LABELS, "text", tuple(f"text{n}" for n in range(inputs)))


def fit(
    learner: type[LogisticLearner],
    about: Field,
    told: Sequence[tuple[str, Value]],
    pool: Sequence[str] = (),
    *,
    seed: int = 1,
    dimensions: int = 64,
) -> LinearModel:
    examples = [Example(n, text, value) for n, (text, value) in enumerate(told)]
    return learner().fit(about, examples, FitContext(BagOfWords(dimensions), Path("nowhere"), pool=pool, seed=seed))


def sentences(n: int, seed: int, length: int = 4) -> list[tuple[str, str]]:
    """Texts of a few words of one topic, and that topic."""
    rng = np.random.default_rng(seed)
    topics = rng.choice(TOPICS, n).tolist()
    return [(" ".join(rng.choice(WORDS[topic], length)), topic) for topic in topics]


def noisy(n: int, seed: int = 3) -> list[tuple[str, str]]:
    """Texts whose words point to the right label in seven of ten cases."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(TOPICS, n)
    hint = np.where(rng.random(n) < 0.7, truth, rng.choice(TOPICS, n))
    return [(f"{word} {rng.integers(5)}", label) for word, label in zip(hint.tolist(), truth.tolist(), strict=True)]


def right(model: LinearModel, asked: Sequence[tuple[str, str]]) -> float:
    answers = model.predict([text for text, _ in asked])
    return float(np.mean([a.value == Choice(label) for a, (_, label) in zip(answers, asked, strict=True)]))


def test_unlabelled_texts_make_few_labels_go_further() -> None:
    """Words that no labelled text holds are learned from texts that hold them beside known words."""
    asked = sentences(300, seed=9)
    pool = [text for text, _ in sentences(600, seed=8)]
    plain, grown = (
        np.mean(
            [
                right(fit(one, field(FieldKind.CHOICE), told, pool, seed=seed, dimensions=256), asked)
                for seed in range(4)
                if (told := [(text, Choice(topic)) for text, topic in sentences(12, seed, length=2)])
            ]
        )
        for one in BOTH
    )

    assert grown > plain + 0.05


def test_without_a_pool_linear_is_logistic(tmp_path: Path) -> None:
    """Nothing is left over where there is nothing to learn from but labels, and few texts are no pool."""
    told = [(text, Choice(topic)) for text, topic in sentences(40, seed=1)]
    saved: list[dict[str, bytes]] = []
    for learner, pool in ((LogisticLearner, ["a", "b"]), (LinearLabelLearner, []), (LinearLabelLearner, ["a", "b"])):
        folder = tmp_path / str(len(saved))
        folder.mkdir()
        fit(learner, field(FieldKind.CHOICE), told, pool).save(folder)
        saved.append({path.name: path.read_bytes() for path in folder.iterdir()})

    assert saved[0] == saved[1] == saved[2]


@pytest.mark.parametrize("kind", [FieldKind.CHOICE, FieldKind.CHOICES, FieldKind.RATING, FieldKind.TAXONOMY], ids=str)
def test_a_model_that_remembers_a_pool_is_saved_whole(kind: FieldKind, tmp_path: Path) -> None:
    """Same seed, same bytes, whatever the order of the pool and its repetitions; and it answers as before."""
    told = problem(kind)
    examples = [Example(n, f"{e.text} {n}", e.value) for n, e in enumerate(told.examples * 3)]
    pool = [text for text, _ in sentences(200, seed=2)]
    saved = []
    for folder, texts in ((tmp_path / "one", pool), (tmp_path / "two", [*reversed(pool), *pool])):
        folder.mkdir()
        model = LinearLabelLearner().fit(told.field, examples, FitContext(BagOfWords(), tmp_path, pool=texts, seed=7))
        model.save(folder)
        saved.append({path.name: path.read_bytes() for path in folder.iterdir()})
    loaded = LinearLabelLearner().load(tmp_path / "two", ModelContext(BagOfWords()))
    asked = [*told.questions, *CARD, "", "😀" * 50, "half a character \ud83d"]

    assert len(model.experts) == 2
    assert saved[0] == saved[1]
    assert loaded.predict(asked) == model.predict(asked)
    assert [model.predict([text])[0] for text in asked] == model.predict(asked)


def test_a_large_pool_is_remembered_in_part(tmp_path: Path) -> None:
    """The memory is bounded, so that an answer stays quick and a version small; another seed remembers other texts."""
    told = [(text, Choice(topic)) for text, topic in sentences(12, seed=1)]
    pool = [f"text {n} card" for n in range(2_500)]
    for seed in (1, 2):
        (tmp_path / str(seed)).mkdir()
        fit(LinearLabelLearner, field(FieldKind.CHOICE), told, pool, seed=seed).save(tmp_path / str(seed))
    one, two = ((tmp_path / str(seed) / "head.safetensors").read_bytes() for seed in (1, 2))

    assert len(one) < 2_100 * 64 * 2
    assert one != two


@pytest.mark.parametrize("learner", BOTH)
@pytest.mark.parametrize("kind", [FieldKind.CHOICE, FieldKind.CHOICES], ids=str)
def test_confidence_is_honest(kind: FieldKind, learner: type[LogisticLearner]) -> None:
    """The mean confidence is near the share that is right: of the likeliest label, and of the whole answer."""
    said: list[tuple[str, Value]] = [
        (text, Choice(label) if kind is FieldKind.CHOICE else Choices(frozenset({label})))
        for text, label in noisy(1400)
    ]
    model = fit(learner, field(kind), said[:400], [text for text, _ in noisy(300, seed=4)])
    answers = model.predict([text for text, _ in said[400:]])
    correct = np.mean([answer.value == value for answer, (_, value) in zip(answers, said[400:], strict=True)])

    assert np.mean([answer.confidence for answer in answers]) == pytest.approx(correct, abs=0.05)


def test_few_examples_have_no_temperature_and_many_have_one() -> None:
    """Fewer than thirty tell nothing of calibration; a label given once does not prevent it."""
    told = [(text, Choice(label)) for text, label in noisy(120)]
    rare = ("football", Choice("sport"))
    inverse_temperatures = [
        fit(LogisticLearner, field(FieldKind.CHOICE), some).inverse_temperatures
        for some in (told[:29], told, [*told, rare])
    ]

    assert inverse_temperatures[0] == (1.0,)
    assert inverse_temperatures[1] != (1.0,)
    assert inverse_temperatures[2] == pytest.approx(inverse_temperatures[1], rel=0.3)


def test_nearly_as_many_labels_as_examples_are_learned_without_complaint() -> None:
    """So it is with the first labels of a project that has many."""
    told = [(f"text {n} {'abc'[n % 3]}", Choice(f"label {n % 9}")) for n in range(12)]
    model = fit(LinearLabelLearner, field(FieldKind.CHOICE, *(f"label {n}" for n in range(9))), told)

    assert len(model.labels) == 9


def test_one_label_only_follows_the_rule_of_succession() -> None:
    """Six of six, four labels: seven tenths, and one tenth for each other."""
    model = fit(LinearLabelLearner, field(FieldKind.CHOICE), [(text, Choice("card")) for text in CARD])

    assert model.labels == LABELS
    np.testing.assert_allclose(model.predict_proba(["x"]), [[0.1, 0.7, 0.1, 0.1]])


def test_texts_that_are_all_alike_leave_it_open(tmp_path: Path) -> None:
    """Labels that contradict each other on equal texts, with a pool of equal texts, give calm answers."""
    told = [("the same", Choice(("card", "food")[n % 2])) for n in range(40)]
    model = fit(LinearLabelLearner, field(FieldKind.CHOICE), told, ["other words", "a b c"] * 50)

    np.testing.assert_allclose(model.predict_proba(["the same", "other words"]), 0.5, atol=0.05)


def rare(n: int, seed: int) -> list[tuple[str, frozenset[str]]]:
    """Texts of which one in eight asks for `card`, told by a word that is wrong as often as right."""
    rng = np.random.default_rng(seed)
    given = rng.random(n) < 0.125
    told = np.where(given, rng.random(n) < 0.8, rng.random(n) < 0.1)
    return [
        (f"{'bank' if hint else 'sky'} {rng.integers(4)}", frozenset({"card"}) if yes else frozenset({"food"}))
        for hint, yes in zip(told, given, strict=True)
    ]


def test_a_rare_label_has_a_threshold_of_its_own() -> None:
    """It is given though its probability seldom reaches one half, and the probability stays what it is."""
    said, asked = rare(300, seed=1), rare(1000, seed=2)
    model = fit(LogisticLearner, field(FieldKind.CHOICES), [(text, Choices(labels)) for text, labels in said])
    assert model.thresholds is not None
    column = model.labels.index("card")
    probable = model.predict_proba([text for text, _ in asked])[:, column]
    given = np.array(["card" in labels_of(answer) for answer in model.predict([text for text, _ in asked])])
    true = np.array(["card" in labels for _, labels in asked])

    assert model.thresholds.of_labels[column] < 0.5
    np.testing.assert_array_equal(given, probable >= model.thresholds.of_labels[column])
    assert probable.mean() == pytest.approx(true.mean(), abs=0.04)
    assert (given & true).sum() / true.sum() > 0.6


def labels_of(answer: Prediction) -> frozenset[str]:
    assert isinstance(answer.value, Choices)
    return answer.value.labels


def test_several_labels_are_judged_one_by_one() -> None:
    """Labels of several choices are independent: none, one and two may be given."""
    words = {("card",): "card bank", ("food",): "soup bread", ("card", "food"): "card bank soup bread", (): "wind sky"}
    sets = list(words)
    told = [(words[sets[n % 4]], Choices(frozenset(sets[n % 4]))) for n in range(40)]
    for learner in BOTH:
        model = fit(learner, field(FieldKind.CHOICES), told, [text for text, _ in sentences(60, seed=1)])
        assert [labels_of(answer) for answer in model.predict(list(words.values()))] == [frozenset(s) for s in sets]


def test_sets_without_any_label_are_a_fact_too() -> None:
    """Where nobody asserted any label, every label is unlikely, none impossible, and none is given."""
    model = fit(LinearLabelLearner, field(FieldKind.CHOICES), [(text, Choices(frozenset())) for text in CARD * 6])
    (row,) = model.predict_proba(["rain"])

    assert ((row > 0) & (row < 0.5)).all()
    assert labels_of(model.predict(["rain"])[0]) == frozenset()


@pytest.mark.parametrize("learner", BOTH)
def test_swapping_the_sides_of_a_pair_swaps_the_answer(learner: type[LogisticLearner]) -> None:
    """Which side a text stands on says nothing of which one people prefer, even if all examples were `left`."""
    told = [(INPUT_BREAK.join((f"soup {n}", f"rain {n}")), Choice("left")) for n in range(40)]
    pool = [
        INPUT_BREAK.join((one, other)) for (one, _), (other, _) in zip(sentences(80, 1), sentences(80, 2), strict=True)
    ]
    model = fit(learner, field(FieldKind.PAIRWISE, "left", "right", inputs=2), told, pool)
    sides = [("warm soup", "cold rain"), ("rain", "rain"), ("储蓄卡", "soup 🎉"), ("", "x")]
    there = model.predict_proba([INPUT_BREAK.join(pair) for pair in sides])
    back = model.predict_proba([INPUT_BREAK.join(pair[::-1]) for pair in sides])

    np.testing.assert_allclose(there, back[:, ::-1], atol=1e-9)
    assert there[0, 0] > 0.5
    np.testing.assert_allclose(there[1], 0.5, atol=1e-9)


def test_two_inputs_are_read_in_their_order() -> None:
    """Whether the hypothesis repeats the premise cannot be told from the words of both together."""
    rng = np.random.default_rng(1)
    told = []
    for n in range(240):
        first = str(rng.choice(WORDS["card"]))
        second = first if n % 2 else str(rng.choice([word for word in WORDS["card"] if word != first]))
        told.append((INPUT_BREAK.join((first, second)), Choice("same" if n % 2 else "other")))
    model = fit(LinearLabelLearner, field(FieldKind.CHOICE, "same", "other", inputs=2), told[:160])

    assert right(model, [(text, value.label) for text, value in told[160:]]) > 0.9


def test_a_rating_lies_in_the_middle_of_what_is_likely() -> None:
    """People torn between one star and five are answered by the median, and every star has its column."""
    stars = Field("stars", FieldKind.RATING, ("1", "2", "3", "4", "5"), "text", ("text",))
    torn = [1, 1, 2, 4, 4]
    told = [("so so", Rating(torn[n % 5])) for n in range(40)]
    model = fit(LinearLabelLearner, stars, told, [text for text, _ in sentences(60, seed=1)])

    assert model.predict_proba(["so so"]).shape == (1, 5)
    assert model.predict_proba(["so so"])[0, [2, 4]].tolist() == [0, 0]
    assert model.predict(["so so"])[0].value == Rating(2)


def test_what_is_saved_can_be_read_by_people(tmp_path: Path) -> None:
    """`head.json` says the labels, the kind, how sure the experts are, and the encoder."""
    told = problem(FieldKind.CHOICE)
    fit(LinearLabelLearner, told.field, [(e.text, e.value) for e in told.examples]).save(tmp_path)

    assert json.loads((tmp_path / "head.json").read_text("utf-8")) == {
        "encoder": BagOfWords().digest,
        "inputs": "alone",
        "kind": "choice",
        "labels": ["weather", "card", "food"],
        "powers": [1.0],
        "seen": ["weather", "card", "food"],
    }


@pytest.mark.parametrize("kind", [FieldKind.CHOICE, FieldKind.CHOICES, FieldKind.PAIRWISE])
@pytest.mark.parametrize("dimensions", [64, 384])
def test_an_answer_is_the_same_to_the_last_bit_whatever_it_is_asked_with(kind: FieldKind, dimensions: int) -> None:
    """One stack of single rows for a request of thousands: a margin near a threshold must not depend on the others."""
    rng = np.random.default_rng(dimensions)
    labels = 2 if kind is FieldKind.PAIRWISE else 7
    head = Head(rng.normal(size=(labels, dimensions)), rng.normal(size=labels))
    smoothed = Smoothed(kind, head, unit(rng.normal(size=(300, dimensions))).astype(np.float16))
    vectors = unit(rng.normal(size=(53, dimensions)))
    for expert in (head, smoothed):
        whole = probabilities(kind, expert.logits(vectors[:, np.newaxis]))[:, 0]
        alone = [probabilities(kind, expert.logits(vector[np.newaxis]))[0] for vector in vectors]
        assert np.array_equal(whole, np.array(alone))
