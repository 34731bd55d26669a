"""The contract that every installed learner keeps, for every kind of field it claims."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest

from labelloop.domain.values import LABEL_KINDS, OF_THE_TASK, Choices, FieldKind, Value, similarity
from labelloop.errors import BrokenPromise, NothingToLearn, UserError
from labelloop.learners.base import Classifier, Encode, Example, Learner, Model
from labelloop.learners.contrastive import fit as contrastive_fit
from labelloop.learners.shared_texts import SharedTexts
from labelloop.learners.training import contrastive_tuning as contrast
from labelloop.learners.training import run
from labelloop.learners.training import trainer as classify
from labelloop.plugins import learner, learner_names
from labelloop.testing import BagOfWords
from tests.core.checkpoints import tiny_encoder, tiny_writer
from tests.core.kinds import CARD, RAIN, Problem, problem
from tests.core.recipes import PROMPTED, TUNING, WRITING, needs_nothing, recipe
from tests.llm.server import ScriptedLLM
from tests.llm.stage import fitting, llm_for, models

ODD = ["", " ", "😀" * 500, "half a character \ud83d", "e\u0301" * 40, "a\nb\r\nc\td", "ً"]

Fit = Callable[[Sequence[Example]], Model]


Claim = tuple[str, FieldKind]
CLAIMS: list[Claim] = [
    (name, kind) for name in learner_names() if needs_nothing(name) for kind in sorted(learner(recipe(name)).kinds)
]
"""Every installed learner with every kind it claims."""


def claims(which: Callable[[Claim], bool]) -> pytest.MarkDecorator:
    """Run a test for some of the claims only: those of which it has something to say."""
    return pytest.mark.parametrize(
        "claim", [_marked(claim) for claim in CLAIMS if which(claim)], indirect=True, scope="module"
    )


def _marked(claim: Claim) -> Any:
    trains = claim[0] in TUNING | WRITING | PROMPTED - {"prompt"}  # a network, or several models at once
    return pytest.param(claim, id="-".join(claim), marks=[pytest.mark.slow] if trains else [])


def classifies(claim: Claim) -> bool:
    """Return whether the learner's `fit` says that it returns a Classifier for this kind."""
    said = get_type_hints(type(learner(recipe(claim[0]))).fit)["return"]
    return claim[1] in LABEL_KINDS and any(issubclass(one, Classifier) for one in get_args(said) or (said,))


def has_labels(claim: Claim) -> bool:
    return bool(problem(claim[1]).field.labels)


def judges_whole_texts(claim: Claim) -> bool:
    return claim[1] is not FieldKind.SPANS and claim[1] not in OF_THE_TASK


@pytest.fixture(scope="module", params=[_marked(claim) for claim in CLAIMS])
def claim(request: pytest.FixtureRequest) -> Claim:
    name, kind = request.param
    return name, kind


@pytest.fixture(scope="module")
def any_learner(
    claim: Claim, told: Problem, llm: ScriptedLLM | None, tmp_path_factory: pytest.TempPathFactory
) -> Learner:
    if claim[0] in WRITING:
        said = [str(example.value) for example in told.examples]
        return learner(f"{claim[0]}:{tiny_writer('gpt2', tmp_path_factory.mktemp('writer'), said)}")
    return learner(recipe(claim[0]))


@pytest.fixture(scope="module")
def told(claim: Claim) -> Problem:
    return problem(claim[1])


@pytest.fixture(scope="module")
def llm(claim: Claim, told: Problem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedLLM | None]:
    """Yield, for learners that ask an LLM, one that knows the answers; the settings lead to it."""
    if claim[0] not in PROMPTED:
        yield None
        return
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        llm_for(told, monkeypatch, tmp_path_factory.mktemp("data")) as server,
    ):
        yield server


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Encode:
    """Return an encoder of thirty thousand random weights."""
    return tiny_encoder(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def encode(claim: Claim, request: pytest.FixtureRequest) -> Iterator[Encode]:
    """Yield the real encoder, or, for learners that would tune it for minutes, the tiny one."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(contrastive_fit, "STEPS", 20)
        monkeypatch.setattr(contrast, "LEARNING_RATE", 3e-3)
        monkeypatch.setattr(classify, "STEPS", (25, 25))
        monkeypatch.setattr(run, "learning_rate", lambda *_, adapted: 1e-3 if adapted else 5e-3)
        yield request.getfixturevalue("tiny" if claim[0] in TUNING else "encoder")


@pytest.fixture
def fit(any_learner: Learner, told: Problem, encode: Encode, tmp_path: Path) -> Fit:
    """Fit the learner to some examples of the problem's field."""
    return lambda examples: fitted(any_learner, told, examples, encode=encode, scratch=tmp_path / "scratch")


@pytest.fixture(scope="module")
def model(any_learner: Learner, told: Problem, encode: Encode, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Return the learner's model of the problem's examples; it is shared, since asking a model changes nothing."""
    return fitted(any_learner, told, told.examples, encode=encode, scratch=tmp_path_factory.mktemp("shared"))


def fitted(any_learner: Learner, told: Problem, examples: Sequence[Example], *, encode: Encode, scratch: Path) -> Model:
    scratch.mkdir(exist_ok=True)
    pool = [*told.questions, *(() if any_learner.name in PROMPTED else told.unlabelled)]  # an LLM reads each of them
    return any_learner.fit(told.field, examples, fitting(encode, scratch, pool=pool, seed=7))


def alike(values: Sequence[Value], wanted: Sequence[Value]) -> float:
    return float(np.mean([similarity(one, other) for one, other in zip(values, wanted, strict=True)]))


def test_a_learner_learns_from_a_few_examples(model: Model, told: Problem) -> None:
    """A handful of examples is enough for questions as plain as these."""
    texts = list(told.questions)
    if isinstance(model, Classifier) and isinstance(told.first, Choices):  # few examples may not reach one half
        best = model.predict_proba(texts).argmax(axis=1)
        values: list[Value] = [Choices(frozenset({model.labels[column]})) for column in best]
    else:
        values = [answer.value for answer in model.predict(texts)]

    assert alike(values, list(told.questions.values())) > 0.6


def test_answers_are_answers(model: Model, told: Problem) -> None:
    """Whatever the text: a value that the field allows, a margin and a confidence in [0, 1]."""
    texts = [*ODD, *told.questions, "a text " * 300]
    answers = model.predict(texts)

    assert len(answers) == len(texts)
    for answer in answers:
        assert told.field.allows(answer.value)
        assert 0 <= answer.margin <= 1
        assert 0 <= answer.confidence <= 1
        assert math.isfinite(answer.margin + answer.confidence)
    assert model.predict([]) == []


def test_an_answer_does_not_depend_on_what_else_is_asked(model: Model, told: Problem) -> None:
    """What is pushed in bulk, what is asked one by one, and what other models were asked too must be the same."""
    texts = SharedTexts([*told.questions, *CARD, *ODD])
    for text, together in zip(texts, model.predict(texts), strict=True):
        (alone,) = model.predict([text])
        assert alone.value == together.value
        assert (alone.margin, alone.confidence) == pytest.approx((together.margin, together.confidence), abs=1e-9)


def test_a_model_is_a_classifier_where_its_learner_says_so(claim: Claim, model: Model) -> None:
    """What `fit` is annotated to return is what it returns, so that no classifier escapes the next test."""
    assert isinstance(model, Classifier) == classifies(claim)


@claims(classifies)
def test_probabilities_are_probabilities(model: Model, told: Problem) -> None:
    """Of a classifier: one row a text, one column a label in the field's order, in [0, 1]; of one label sum 1."""
    assert isinstance(model, Classifier)
    rows = model.predict_proba([*told.questions, *ODD])

    assert rows.shape == (len(told.questions) + len(ODD), len(model.labels))
    assert rows.dtype == np.float64
    assert ((rows >= 0) & (rows <= 1)).all()
    assert [label for label in told.field.labels if label in model.labels] == list(model.labels)
    assert model.predict_proba([]).shape == (0, len(model.labels))
    if not isinstance(told.first, Choices):
        np.testing.assert_allclose(rows.sum(axis=1), 1.0)


def test_the_same_seed_saves_the_same_bytes_and_they_answer_the_same(
    any_learner: Learner, model: Model, fit: Fit, told: Problem, encode: Encode, tmp_path: Path
) -> None:
    """A version can be made again from examples in any order, and a stored one is the one that was measured."""
    saved, again = [], fit(told.examples[::-1])
    for folder, one in ((tmp_path / "one", model), (tmp_path / "two", again)):
        folder.mkdir()
        one.save(folder)
        saved.append({str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()})
    loaded = any_learner.load(tmp_path / "two", models(encode))
    texts = [*told.questions, *ODD]

    assert saved[0].keys() == saved[1].keys()
    assert [name for name in saved[0] if saved[0][name] != saved[1][name]] == []
    assert {Path(name).suffix for name in saved[0]} <= {".json", ".safetensors", ".onnx", ".txt", ".model", ".md"}
    assert loaded.predict(texts) == again.predict(texts)


def test_a_model_refuses_an_encoder_it_does_not_know(
    any_learner: Learner, model: Model, told: Problem, tmp_path: Path
) -> None:
    """A head on vectors it was not fitted to would answer nonsense with confidence; models of their own do not care."""
    folder = tmp_path / "saved"
    folder.mkdir()
    model.save(folder)
    refusal = None
    try:
        other = any_learner.load(folder, models(BagOfWords(32)))
    except BrokenPromise as error:
        refusal = str(error)

    if refusal is None:
        assert other.predict(list(told.questions)) == model.predict(list(told.questions))
    else:
        assert "encoder" in refusal


def test_a_damaged_model_is_refused(any_learner: Learner, model: Model, encode: Encode, tmp_path: Path) -> None:
    """Half a file never becomes a model."""
    folder = tmp_path / "saved"
    folder.mkdir()
    model.save(folder)
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-10])

    with pytest.raises(BrokenPromise):
        any_learner.load(folder, models(encode))


def test_threads_may_share_a_model(model: Model) -> None:
    """Requests of one server are answered side by side."""
    alone = model.predict(RAIN)
    with ThreadPoolExecutor(4) as threads:
        for answers in threads.map(lambda _: model.predict(RAIN), range(12)):
            assert answers == alone


def test_one_answer_only_is_not_the_whole_truth(fit: Fit, told: Problem) -> None:
    """Where everybody said the same so far, the rest may still be different."""
    same = [example for example in told.examples if example.value == told.first]
    for answer in fit(same).predict([same[0].text]):
        assert answer.confidence < 1


def test_one_example_is_enough_to_answer(fit: Fit, told: Problem) -> None:
    """The first label of a project breaks nothing."""
    (answer,) = fit(told.examples[:1]).predict(["anything"])

    assert told.field.allows(answer.value)


@pytest.mark.parametrize("text", ["", "the same words", "🎉"])
@claims(judges_whole_texts)
def test_contradictions_break_nothing(fit: Fit, told: Problem, text: str) -> None:
    """Empty and repeated texts, with labels that contradict each other, give answers that are not sure."""
    values = [told.examples[0].value, told.examples[-1].value]
    (answer,) = fit([Example(n, text, values[n % 2]) for n in range(40)]).predict([text])

    assert answer.confidence < 0.7


@claims(has_labels)
def test_labels_the_field_no_longer_allows_are_not_learned(
    any_learner: Learner, told: Problem, encode: Encode, tmp_path: Path
) -> None:
    """A changed configuration does not bring removed labels back."""
    removed = replace(told.field, labels=tuple(f"new {label}" for label in told.field.labels))
    if told.field.kind is FieldKind.RATING:
        removed = replace(told.field, labels=told.field.labels[:3])
    examples = [example for example in told.examples if not removed.allows(example.value)]

    with pytest.raises(NothingToLearn):
        any_learner.fit(removed, examples, fitting(encode, tmp_path, seed=1))


def test_an_unknown_learner_is_answered_with_the_known_ones() -> None:
    """The message says what to write instead."""
    with pytest.raises(UserError, match="linear"):
        learner("no-such-learner")


def test_an_argument_that_a_learner_does_not_take_is_refused() -> None:
    """A learner is named by `name` or `name:argument`."""
    with pytest.raises(UserError, match="takes no argument"):
        learner("linear:fast")
