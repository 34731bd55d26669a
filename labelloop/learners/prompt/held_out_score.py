"""The LLM measured on examples that people labelled: each is asked about without being shown itself."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import structlog

from labelloop.domain.tasks import fingerprint
from labelloop.domain.values import similarity
from labelloop.learners.base import Encode, FitContext
from labelloop.learners.prompt.llm_labeler import LlmAnswer, LlmLabeler
from labelloop.learners.prompt.question import Question
from labelloop.llm.cost_center import current_cost_center
from labelloop.llm.llm_client import required

SAMPLE = 100
"""How many examples the LLM's confidence is measured on, each answered without seeing itself."""
CHUNK = 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The LLM's answers about the examples at these places of its labeler's shots."""

    labeler: LlmLabeler
    places: tuple[int, ...]
    answers: tuple[LlmAnswer, ...]

    @property
    def scores(self) -> list[float]:
        """Return how similar to people's each answer is, in [0, 1]; 0 where the text is left to people."""
        values = self.labeler.shots.values
        return [
            0.0 if answer.value is None else similarity(answer.value, values[place])
            for place, answer in zip(self.places, self.answers, strict=True)
        ]

    def part(self, places: Sequence[int]) -> "Measured":
        """Return the part of it at these places, in their order."""
        answers = dict(zip(self.places, self.answers, strict=True))
        return Measured(self.labeler, tuple(places), tuple(answers[place] for place in places))


def measure(labeler: LlmLabeler, places: Sequence[int], context: FitContext, *, report: bool = True) -> Measured:
    """Return the answers about the examples at these places, about the first of them where the time is over before.

    `report` tells whether the fit's progress is reported. Raises as `LlmClient.each` does.
    """
    answers = ask_all(labeler, held_out(labeler, places, context.encode), context, report=report)
    return Measured(labeler, tuple(places[: len(answers)]), tuple(answers))


def ask_all(
    labeler: LlmLabeler, questions: Sequence[Question], context: FitContext, *, report: bool = True
) -> list[LlmAnswer]:
    """Return the answers to the questions, to the first of them where the time is over before; as `measure`."""
    answers = list[LlmAnswer]()
    llm, cost_center = required(context.llm), current_cost_center()
    most = llm.estimate([request for question in questions for request in labeler.requests(question)])
    log.info("llm_estimated", model=labeler.parameters.model, **asdict(most))
    for start in range(0, len(questions), CHUNK):
        if answers and time.monotonic() >= context.deadline:
            break
        with llm.locked(cost_center):
            answers += llm.each(questions[start : start + CHUNK], labeler, cost_center)
        if report:
            context.report(len(answers) / len(questions))
    return answers


def held_out(labeler: LlmLabeler, places: Sequence[int], encode: Encode) -> list[Question]:
    """Return examples as questions that must not be shown themselves, nor others with the same text."""
    shots = labeler.shots
    return [
        labeler.question(
            shots.texts[place], shots.vectors[place], encode, shots.by_fingerprint[fingerprint(shots.texts[place])]
        )
        for place in places
    ]


def sample(labeler: LlmLabeler, seed: int) -> list[int]:
    """Return the places of at most 100 of the examples, in random order.

    So a fit that must end early has a fair part of them.
    """
    return _drawn(labeler, seed)[:SAMPLE]


def spare(labeler: LlmLabeler, seed: int) -> list[int]:
    """Return the places of at most 100 further examples, those that `sample` would have drawn next."""
    return _drawn(labeler, seed)[SAMPLE : 2 * SAMPLE]


def _drawn(labeler: LlmLabeler, seed: int) -> list[int]:
    """Return the places in random order; where fields are asked together in that of the texts, the same for each."""
    texts = labeler.shots.texts
    if not labeler.others:
        return [int(place) for place in np.random.default_rng(seed).permutation(len(texts))]
    digests = [hashlib.blake2b(f"{seed}:{fingerprint(text)}".encode()).digest() for text in texts]
    return sorted(range(len(texts)), key=lambda place: (digests[place], place))


def tokens_per_text(answers: Sequence[LlmAnswer]) -> tuple[float, float]:
    """Return how many tokens an answer (at least one) took on average, in and out."""
    return sum(one.tokens_in for one in answers) / len(answers), sum(one.tokens_out for one in answers) / len(answers)
