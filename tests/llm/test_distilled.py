"""The student of an LLM: what it learns from whom, and what becomes of it when the LLM stops half-way."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from labelloop.domain.values import Choice, FieldKind
from labelloop.errors import UserError
from labelloop.learners.base import Example, FitContext, Model
from labelloop.learners.distilled.diverse_sample import MOST, spread, unlabelled
from labelloop.learners.distilled.learner import DistilledLearner
from labelloop.learners.distilled.teacher_labels import weight
from labelloop.learners.linear.learner import LinearLabelLearner
from labelloop.testing import BagOfWords
from tests.llm import talk
from tests.llm.server import Fault, ScriptedLLM
from tests.llm.stage import fitting, models

pytestmark = pytest.mark.slow
ENCODE = BagOfWords()
POOL = talk.texts(1000, 200)
ASKED = range(10_000, 10_300)

Fit = Callable[..., Model]


@pytest.fixture
def fit(told: ScriptedLLM, tmp_path: Path) -> Fit:
    """Fit the student."""

    def fitted(given: Sequence[Example], pool: Sequence[str] = POOL, **more: Any) -> Model:
        learner = DistilledLearner()
        return learner.fit(talk.FIELD, given, fitting(ENCODE, tmp_path, pool=pool, seed=7, **more))

    return fitted


def alone(given: Sequence[Example]) -> Model:
    """Return the student of people alone."""
    return LinearLabelLearner().fit(talk.FIELD, given, FitContext(ENCODE, pool=POOL, seed=7))


def accuracy(model: Model) -> float:
    answers = model.predict([talk.text(number) for number in ASKED])
    hits = [answer.value == Choice(talk.told(number)) for answer, number in zip(answers, ASKED, strict=True)]
    return sum(hits) / len(hits)


def test_where_people_gave_few_labels_an_llm_that_is_mostly_right_teaches_the_student_a_lot(
    fit: Fit, told: ScriptedLLM
) -> None:
    """Right in nine of ten, it is worth more than ten points here, and nobody asks it when the student answers."""
    told.accuracy = 0.9
    few = talk.examples(21)
    model = fit(few)
    told.requests.clear()

    assert accuracy(model) > accuracy(alone(few)) + 0.1
    assert told.requests == []


@pytest.mark.parametrize("count", [21, 60])
def test_an_llm_that_guesses_does_not_hurt_much(fit: Fit, told: ScriptedLLM, count: int) -> None:
    """What it says counts by how often it is right above chance."""
    told.accuracy, told.logprobs = 0.5, False
    known = talk.examples(count)

    assert accuracy(fit(known)) > accuracy(alone(known)) - 0.05


def test_confidence_is_measured_on_people_only(fit: Fit, told: ScriptedLLM) -> None:
    """An LLM that is often wrong makes nobody too sure: mean confidence is near the share that is right."""
    told.accuracy = 0.7
    model = fit(talk.examples(90))
    sure = [answer.confidence for answer in model.predict([talk.text(number) for number in ASKED])]

    assert sum(sure) / len(sure) == pytest.approx(accuracy(model), abs=0.1)


def test_a_label_that_no_person_gave_is_learned_from_the_llm(fit: Fit) -> None:
    """People have not met it yet; the LLM knows it from the guideline."""
    two = [example for example in talk.examples(40) if example.value != Choice("food")]

    assert accuracy(fit(two)) > 0.7


def test_a_persons_label_stands_alone(fit: Fit, told: ScriptedLLM) -> None:
    """The LLM labels no text that a person judged, however it is written."""
    judged = talk.examples(30)
    loud = [example.text.upper() for example in judged]

    assert unlabelled([*loud, *POOL, " "], judged, 7) == sorted(POOL)
    fit(judged, pool=[*loud, *POOL[:20]])
    assert len(told.requests) == 30 + 20


def test_what_it_labels_is_spread_over_the_pool() -> None:
    """Of many texts, three hundred from all over; of few, all; the same each time."""
    many = talk.texts(0, 700)
    chosen = spread(many, ENCODE, 7)

    assert len(set(chosen)) == len(chosen)
    assert MOST * 0.8 < len(chosen) <= MOST
    assert set(chosen) <= set(many)
    assert chosen == spread(many, ENCODE, 7)
    assert sorted(spread(POOL, ENCODE, 7)) == sorted(POOL)


def test_a_label_counts_as_far_as_it_is_better_than_chance() -> None:
    """One of three: a third is a guess. Of several labels the whole set is hardly ever guessed."""
    several = replace(talk.FIELD, kind=FieldKind.CHOICES)

    assert [weight(talk.FIELD, sure) for sure in (0.2, 1 / 3, 2 / 3, 1.0)] == pytest.approx([0, 0, 0.5, 1])
    assert weight(several, 0.2) == 0.2


def test_without_texts_to_label_it_is_linear(fit: Fit, tmp_path: Path) -> None:
    """Where everything is labelled there is nothing to distil."""
    known = talk.examples(30)
    bare = LinearLabelLearner().fit(talk.FIELD, known, FitContext(ENCODE, seed=7))

    assert fit(known, pool=()).predict(POOL) == bare.predict(POOL)


@pytest.mark.parametrize("cap", [0.05, 0.04])
def test_a_cap_that_is_reached_meanwhile_ends_the_labelling(
    fit: Fit, told: ScriptedLLM, monkeypatch: pytest.MonkeyPatch, cap: float
) -> None:
    """What was said until then is learned from, and nothing is sent beyond the cap."""
    monkeypatch.setenv("LABELLOOP_LLM_CAP", str(cap))
    monkeypatch.setenv("LABELLOOP_LLM_MAX_TOKENS", "16")
    few = talk.examples(21)
    with capture_logs() as logs:
        model = fit(few)
    (ended,) = [line for line in logs if line["event"] == "llm_labels_end_early"]
    spent = (told.tokens_in * 1.0 + told.tokens_out * 4.0) / 1e6

    assert 20 <= ended["labels"] < 200
    assert "LABELLOOP_LLM_CAP" in ended["reason"]
    assert spent <= cap
    assert accuracy(model) > accuracy(alone(few))


def test_a_cap_that_leaves_nothing_to_learn_from_fails_with_its_reason(
    fit: Fit, told: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measured, but not one text labelled: the round goes on without the student, and says why."""
    monkeypatch.setenv("LABELLOOP_LLM_CAP", "0.01")
    monkeypatch.setenv("LABELLOOP_LLM_MAX_TOKENS", "16")
    with pytest.raises(UserError, match="LABELLOOP_LLM_CAP"):
        fit(talk.examples(21))


def test_a_server_that_goes_down_meanwhile_leaves_what_it_said(fit: Fit, told: ScriptedLLM) -> None:
    """The student learns from the labels there are."""
    few, answered = talk.examples(21), told.reply

    def fails_after_a_while(body: dict[str, Any], authorization: str) -> tuple[int, dict[str, str], bytes]:
        if len(told.requests) > 80:
            told.always = Fault(503, "overloaded")
        return answered(body, authorization)

    told.reply = fails_after_a_while  # type: ignore[method-assign]
    with capture_logs() as logs:
        model = fit(few)

    assert [line["labels"] for line in logs if line["event"] == "llm_labels_end_early"] == [60]
    assert accuracy(model) > accuracy(alone(few))


def test_a_server_that_is_down_fails_the_fit_at_once(fit: Fit, told: ScriptedLLM) -> None:
    """It competes in the next round."""
    told.always = Fault(503, "overloaded")
    with pytest.raises(UserError):
        fit(talk.examples(21))


def test_a_deadline_ends_it_with_what_there_is(fit: Fit, told: ScriptedLLM) -> None:
    """One part of the examples and of the pool is asked in any case; progress is told on the way."""
    heard: list[float] = []
    fit(talk.examples(60), deadline=time.monotonic() - 1, report=heard.append)

    assert len(told.requests) == 20 + 20
    assert heard == sorted(heard)
    assert 0 < heard[0] <= heard[-1] <= 1


def test_what_its_teacher_made_of_the_guideline_is_kept(fit: Fit, tmp_path: Path) -> None:
    """The student holds no prompt; the files on the guideline stand beside it, and a loaded student keeps them."""
    model, first, second = fit(talk.examples(40)), tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    model.save(first)
    DistilledLearner().load(first, models(ENCODE)).save(second)
    kept = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in (first, second)]

    assert {"guideline.md", "refinement.json", "head.json"} <= kept[0].keys()
    assert kept[0] == kept[1]
