"""A cascade: the linear student where it is sure, else the LLM, else people."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import structlog

from labelloop.domain.predictions import Answer
from labelloop.domain.schema import Field
from labelloop.domain.values import LABEL_KINDS, Value
from labelloop.encoders.base import Encode
from labelloop.errors import NothingToLearn
from labelloop.learners.base import Example, Model, Scratch
from labelloop.learners.cascading.model import CascadeModel, Route, read_route
from labelloop.learners.cascading.route import ENOUGH, Flags, Numbers, Trust, fit_trust, threshold
from labelloop.learners.cascading.unseen import answers_out_of_fold
from labelloop.learners.linear import LinearLearner
from labelloop.learners.linear_model import LinearModel
from labelloop.learners.prompt import PromptLearner
from labelloop.learners.prompting.measure import Measured
from labelloop.learners.prompting.model import Connect, connect

PEEK = 500
"""Unlabelled texts on which is counted how often the LLM would be asked."""

log = structlog.get_logger()


class CascadeLearner:
    """Implements Learner for `cascade` and `cascade:<model>`: `linear` in front of `prompt`.

    From which margin on the student answers alone, and how far the LLM's answer is trusted otherwise, is fitted to what
    both say of at most 100 examples that neither has seen; the LLM answered them for `prompt` already.
    """

    name = "cascade"
    kinds = LABEL_KINDS
    background = True

    def __init__(self, model: str = "", connect: Connect = connect) -> None:
        self._model, self._connect = model, connect

    def fit(
        self,
        field: Field,
        examples: Sequence[Example],
        *,
        pool: Sequence[str],
        encode: Encode,
        seed: int,
        scratch: Scratch,
    ) -> CascadeModel:
        """Fit both, and the rule between them; raises what `prompt` raises."""
        usable = [example for example in examples if field.allows(example.value)]
        if not usable:
            raise NothingToLearn(f"No label of {field.name} has settled yet that it still allows: label some tasks.")

        def student(known: Sequence[Example]) -> LinearModel:
            return LinearLearner().fit(field, known, pool=pool, encode=encode, seed=seed)

        halfway = replace(scratch, report=lambda share: scratch.report(0.5 * share))
        llm = PromptLearner(self._model, self._connect).fit(
            field, usable, pool=pool, encode=encode, seed=seed, scratch=halfway
        )
        assert llm.measured is not None
        served = student(usable)
        trial = _trial(llm.measured, student, seed)
        scratch.report(0.9)
        limit = threshold(trial.margins, trial.student_right, trial.llm_right)
        share = _share(served, sorted(set(pool)), limit, trial)
        log.info("cascade", threshold=round(limit, 3), asked=round(share, 3), examples=len(trial.margins))
        return CascadeModel(served, llm, Route(limit, trial.trust(), share))

    def load(self, directory: Path, *, encode: Encode) -> CascadeModel:
        """Read a saved model; raises BrokenPromise if it cannot be read or its vectors are of another encoder."""
        student = LinearLearner().load(directory, encode=encode)
        llm = PromptLearner(self._model, self._connect).load(directory, encode=encode)
        return CascadeModel(student, llm, read_route(directory))


@dataclass(frozen=True, slots=True)
class _Trial:
    """What both said of examples that neither had seen; the LLM's answer is None where it leaves a text to people."""

    truth: Sequence[Value]
    guesses: Sequence[Answer]
    said: Sequence[Answer | None]

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
        answers = [one or guess for one, guess in zip(self.said, self.guesses, strict=True)]
        return np.array([answer.value == truth for answer, truth in zip(answers, self.truth, strict=True)])

    def trust(self) -> Trust:
        """Return how far the LLM can be trusted where it answers."""
        both = zip(self.guesses, self.said, self.llm_right, strict=True)
        told = [((guess, one), bool(right)) for guess, one, right in both if one is not None]
        return fit_trust([pair for pair, _ in told], [right for _, right in told])


def _trial(measured: Measured, student: Callable[[Sequence[Example]], Model], seed: int) -> _Trial:
    shots = measured.judge.shots
    examples = [Example(n, text, value) for n, (text, value) in enumerate(zip(shots.texts, shots.values, strict=True))]
    return _Trial(
        [shots.values[place] for place in measured.places],
        answers_out_of_fold(student, examples, measured.places, seed),
        [None if one.value is None else Answer(one.value, one.score, one.score) for one in measured.said],
    )


def _share(student: Model, pool: Sequence[str], limit: float, trial: _Trial) -> float:
    """Return for which share of texts the LLM is asked: of the pool's, of the examples' where there are too few."""
    margins = trial.margins
    if len(pool) >= ENOUGH:
        margins = np.array([answer.margin for answer in student.answer(pool[:: max(len(pool) // PEEK, 1)])])
    return float((margins < limit).mean())
