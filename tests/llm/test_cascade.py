"""The cascade: the student where it is sure, else the LLM, else people."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from labelloop.domain.predictions import Prediction
from labelloop.domain.values import Choice
from labelloop.errors import LabelLoopError, UserError
from labelloop.learners.base import Example, FitContext, Model
from labelloop.learners.cascade.learner import CascadeLearner
from labelloop.learners.cascade.model import CascadeModel
from labelloop.learners.cascade.out_of_fold_predictions import predictions_out_of_fold
from labelloop.learners.cascade.routing import ALWAYS, fit_trust, threshold
from labelloop.learners.linear.learner import LinearLabelLearner
from labelloop.learners.prompt.learner import PromptLearner
from labelloop.testing import BagOfWords
from tests.llm import talk
from tests.llm.server import Fault, ScriptedLLM
from tests.llm.stage import fitting

pytestmark = pytest.mark.slow

ENCODE = BagOfWords()
POOL = talk.texts(1000, 200)
ASKED = range(10_000, 10_200)

Fit = Callable[[Sequence[Example]], CascadeModel]


@pytest.fixture
def fit(told: ScriptedLLM, tmp_path: Path) -> Fit:
    """Fit the cascade."""
    learner = CascadeLearner()
    return lambda given: learner.fit(talk.FIELD, given, fitting(ENCODE, tmp_path, pool=POOL, seed=7))


def accuracy(model: Model) -> float:
    answers = model.predict([talk.text(number) for number in ASKED])
    return float(np.mean([a.value == Choice(talk.told(number)) for a, number in zip(answers, ASKED, strict=True)]))


def test_it_is_as_good_as_the_better_of_both_and_asks_for_fewer(fit: Fit, told: ScriptedLLM, tmp_path: Path) -> None:
    """With noise allowed for; it costs what the share that goes on costs."""
    told.accuracy = 0.9
    known = talk.examples(120)
    model = fit(known)
    told.requests.clear()
    reached, asked = accuracy(model), len(told.requests)
    student = LinearLabelLearner().fit(talk.FIELD, known, FitContext(ENCODE, pool=POOL, seed=7))
    llm = PromptLearner().fit(talk.FIELD, known, fitting(ENCODE, tmp_path, pool=POOL, seed=7))

    assert reached > max(accuracy(student), accuracy(llm)) - 0.05
    assert reached > accuracy(student) + 0.05
    assert asked < 0.85 * len(ASKED)
    assert model.route.share == pytest.approx(asked / len(ASKED), abs=0.15)
    assert model.cost_per_1000 == pytest.approx(model.route.share * llm.cost_per_1000)


def test_an_llm_that_knows_nothing_is_hardly_asked(fit: Fit, told: ScriptedLLM) -> None:
    """The student answers; the LLM's price does not count."""
    told.accuracy = 0.2
    known = talk.examples(90)
    model = fit(known)
    student = LinearLabelLearner().fit(talk.FIELD, known, FitContext(ENCODE, pool=POOL, seed=7))

    assert model.route.share < 0.1
    assert accuracy(model) > accuracy(student) - 0.03


def test_with_few_labels_the_llm_is_always_asked(fit: Fit) -> None:
    """Nobody knows yet where the student is sure with good reason."""
    model = fit(talk.examples(12))

    assert (model.route.threshold, model.route.share) == (ALWAYS, 1.0)
    assert accuracy(model) == 1.0


def test_confidence_is_what_was_measured(fit: Fit, told: ScriptedLLM) -> None:
    """Whoever answers: mean confidence is near the share that is right, and what is right is surer."""
    told.accuracy = 0.8
    model = fit(talk.examples(120))
    answers = model.predict([talk.text(number) for number in ASKED])
    hits = np.array([a.value == Choice(talk.told(number)) for a, number in zip(answers, ASKED, strict=True)])
    sure = np.array([answer.confidence for answer in answers])

    assert sure.mean() == pytest.approx(hits.mean(), abs=0.1)
    assert sure[hits].mean() > sure[~hits].mean() + 0.05
    assert [answer.margin for answer in answers] == [answer.confidence for answer in answers]


def test_where_the_llm_is_unsure_people_judge(fit: Fit, told: ScriptedLLM) -> None:
    """The student's answer stands with margin 0, at the head of the queue."""
    model = fit(talk.examples(12))
    told.always = Fault(words='{"label": "unsure"}')
    (answer,) = model.predict([talk.text(10_000)])
    (guess,) = model.student.predict([talk.text(10_000)])

    assert answer == Prediction(guess.value, 0.0, guess.confidence)


def test_where_the_student_is_sure_nobody_needs_the_llm(fit: Fit, told: ScriptedLLM) -> None:
    """A server that is down stops only the texts for which it would be asked."""
    told.accuracy = 0.8
    model = fit(talk.examples(90))
    told.always = Fault(503, "overloaded")
    texts = [talk.text(number) for number in ASKED]
    margins = [guess.margin for guess in model.student.predict(texts)]
    sure = [text for text, margin in zip(texts, margins, strict=True) if margin >= model.route.threshold]

    assert len(model.predict(sure)) == len(sure) > 20
    with pytest.raises(LabelLoopError):
        model.predict(texts)


def test_a_cap_fails_the_fit_with_its_reason(fit: Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The round goes on without it."""
    monkeypatch.setenv("LABELLOOP_LLM_CAP", "0.001")
    with pytest.raises(UserError, match="LABELLOOP_LLM_CAP"):
        fit(talk.examples(40))


def test_the_student_answers_from_the_margin_on_at_which_it_is_as_good() -> None:
    """Where it errs at small margins only, the LLM is asked about those; with few examples about all."""
    margins = np.linspace(0, 1, 100).astype(np.float64)
    always, half = np.ones(100, bool), margins >= 0.5

    assert 0.5 < threshold(margins, half, always) < 0.8
    assert threshold(margins, always, half) == 0.0
    assert threshold(margins, ~always, always) == ALWAYS
    assert threshold(margins[:29], always[:29], always[:29]) == ALWAYS


def test_few_answers_make_nobody_sure_of_the_llm() -> None:
    """All right: (n + 1) / (n + 2); mixed: by score and agreement, and never surer than that."""
    yes, no = Prediction(Choice("card"), 0.9, 0.9), Prediction(Choice("food"), 0.9, 0.9)
    agreed, differ = (yes, yes), (no, Prediction(Choice("card"), 0.6, 0.6))
    lucky = fit_trust([agreed] * 8, [True] * 8)
    mixed = fit_trust([agreed, differ] * 30, [True, False] * 30)

    assert lucky(*differ) == pytest.approx(0.9)
    assert mixed(*agreed) > 0.9 > 0.1 > mixed(*differ)
    assert mixed(*agreed) <= 61 / 62


def test_the_student_is_tried_on_texts_it_has_not_seen() -> None:
    """Copies of a text are held out together; where all have one text there is nothing to learn from."""
    copies = [Example(n, "the same", Choice("card")) for n in range(40)]
    seen: list[set[str]] = []

    def fitted(known: Sequence[Example]) -> Model:
        seen.append({example.text for example in known})
        return LinearLabelLearner().fit(talk.FIELD, known, FitContext(ENCODE, seed=1))

    (blind,) = predictions_out_of_fold(fitted, copies, [3], 1)
    assert (blind.margin, seen) == (0.0, [])
    told = talk.examples(30)
    assert len(predictions_out_of_fold(fitted, [*told, *told], list(range(60)), 1)) == 60
    assert all(not {e.text for e in told} <= texts for texts in seen)
    assert len(seen) == 5
