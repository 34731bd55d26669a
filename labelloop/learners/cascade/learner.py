"""A cascade: the linear student where it is sure, else the LLM, else people."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog

from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.values import LABEL_KINDS, Value
from labelloop.learners.base import Example, FitContext, Model, ModelContext
from labelloop.learners.cascade.model import CascadeModel, Route, read_route
from labelloop.learners.cascade.out_of_fold_predictions import predictions_out_of_fold
from labelloop.learners.cascade.routing import ENOUGH, Flags, Numbers, Trust, fit_trust, threshold
from labelloop.learners.linear.learner import LinearLabelLearner
from labelloop.learners.linear.model import LinearModel
from labelloop.learners.prompt.held_out_score import Measured
from labelloop.learners.prompt.learner import PromptLearner
from labelloop.learners.usable import usable_examples

PEEK = 500
"""Unlabelled texts on which is counted how often the LLM would be asked."""

log = structlog.get_logger()


class CascadeLearner:
    """Implements Learner for `cascade` and `cascade:<model>`: `linear` in front of `prompt`.

    From which margin on the student answers alone, and how far the LLM's answer is trusted otherwise, is fitted to what
    both answer about at most 100 examples that neither has seen; the LLM answered them for `prompt` already.
    """

    name = "cascade"
    kinds = LABEL_KINDS
    background = True
    asks_llm = True

    def __init__(self, model: str = "") -> None:
        self._model = model

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> CascadeModel:
        """Fit both, and the rule between them; raises what `prompt` raises."""
        usable = usable_examples(field, examples)

        def student(known: Sequence[Example]) -> LinearModel:
            return LinearLabelLearner().fit(field, known, context)

        llm = PromptLearner(self._model).fit(field, usable, context.part(0.0, 0.5))
        assert llm.measured is not None
        served = student(usable)
        trial = _trial(llm.measured, student, context.seed)
        context.report(0.9)
        limit = threshold(trial.margins, trial.student_right, trial.llm_right)
        share = _share(served, sorted(set(context.pool)), limit, trial)
        log.info("cascade", threshold=round(limit, 3), asked=round(share, 3), examples=len(trial.margins))
        return CascadeModel(served, llm, Route(limit, trial.trust(), share))

    def load(self, directory: Path, context: ModelContext) -> CascadeModel:
        """Read a saved model; raises BrokenPromise if it cannot be read or its vectors are of another encoder."""
        student, llm = (
            LinearLabelLearner().load(directory, context),
            PromptLearner(self._model).load(directory, context),
        )
        return CascadeModel(student, llm, read_route(directory))


@dataclass(frozen=True, slots=True)
class _Trial:
    """Both predictions for examples that neither had seen; the LLM's is None where it leaves a text to people."""

    truth: Sequence[Value]
    guesses: Sequence[Prediction]
    answers: Sequence[Prediction | None]

    @property
    def margins(self) -> Numbers:
        """Return the student's margins, shape (n,)."""
        return np.array([guess.margin for guess in self.guesses])

    @property
    def student_right(self) -> Flags:
        """Return where the student is right, shape (n,)."""
        return np.array([guess.value == truth for guess, truth in zip(self.guesses, self.truth, strict=True)])

    @property
    def llm_right(self) -> Flags:
        """Return where the answer is right if the LLM is asked, shape (n,): unsure, it leaves the student's."""
        served = [answer or guess for answer, guess in zip(self.answers, self.guesses, strict=True)]
        return np.array([one.value == truth for one, truth in zip(served, self.truth, strict=True)])

    def trust(self) -> Trust:
        """Return how far the LLM can be trusted where it answers."""
        both = zip(self.guesses, self.answers, self.llm_right, strict=True)
        known = [((guess, answer), bool(right)) for guess, answer, right in both if answer is not None]
        return fit_trust([pair for pair, _ in known], [right for _, right in known])


def _trial(measured: Measured, student: Callable[[Sequence[Example]], Model], seed: int) -> _Trial:
    shots = measured.labeler.shots
    examples = [Example(n, text, value) for n, (text, value) in enumerate(zip(shots.texts, shots.values, strict=True))]
    return _Trial(
        [shots.values[place] for place in measured.places],
        predictions_out_of_fold(student, examples, measured.places, seed),
        [None if one.value is None else Prediction(one.value, one.score, one.score) for one in measured.answers],
    )


def _share(student: Model, pool: Sequence[str], limit: float, trial: _Trial) -> float:
    """Return for which share of texts the LLM is asked: of the pool's, of the examples' where there are too few."""
    margins = trial.margins
    if len(pool) >= ENOUGH:
        margins = np.array([answer.margin for answer in student.predict(pool[:: max(len(pool) // PEEK, 1)])])
    return float((margins < limit).mean())
