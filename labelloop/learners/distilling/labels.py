"""What an LLM says of unlabelled texts, and how much that counts beside a person's label."""

import time
from collections.abc import Sequence
from dataclasses import asdict

import structlog

from labelloop.domain.predictions import Answer
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind
from labelloop.errors import NeighbourError, UserError
from labelloop.learners.base import Scratch
from labelloop.learners.prompting.measure import CHUNK
from labelloop.learners.prompting.model import PromptModel

log = structlog.get_logger()


def labelled_by(teacher: PromptModel, texts: Sequence[str], scratch: Scratch) -> list[tuple[str, Answer]]:
    """Return what the LLM says of the first texts: as far as the deadline, the cap and the server let it come.

    Texts that it leaves to people are left out. Raises UserError with the reason if it does not come to any.
    """
    said: list[tuple[str, Answer]] = []
    if texts:
        log.info("llm_estimated", model=teacher.judge.parameters.model, **asdict(teacher.estimate(texts)))
    for start in range(0, len(texts), CHUNK):
        chunk = texts[start : start + CHUNK]
        if said and time.monotonic() >= scratch.deadline:
            break
        try:
            with teacher.connect().turn(teacher.account):
                said += zip(chunk, teacher.answer(chunk), strict=True)
        except (UserError, NeighbourError) as error:
            if not said:
                raise UserError(str(error)) from error
            log.warning("llm_labels_end_early", labels=len(said), wanted=len(texts), because=str(error))
            break
        scratch.report(len(said) / len(texts))
    return [(text, answer) for text, answer in said if not answer.stands_in]


def weight(field: Field, confidence: float) -> float:
    """Return how much an LLM's label counts where a person's counts 1: its calibrated confidence above chance.

    With one label of k that is (k · confidence - 1) / (k - 1), so that what is no better than a guess counts nothing,
    as in Cohen's kappa; with several labels, whose sets are hardly ever guessed, the confidence.
    """
    labels = len(field.labels)
    if field.kind in (FieldKind.CHOICES, FieldKind.TAXONOMY) or labels < 2:
        return confidence
    return max((labels * confidence - 1) / (labels - 1), 0.0)
