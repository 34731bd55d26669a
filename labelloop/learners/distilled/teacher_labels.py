"""An LLM's labels for unlabelled texts, and how much each counts beside a person's."""

import time
from collections.abc import Sequence
from dataclasses import asdict

import structlog

from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind
from labelloop.errors import NeighbourError, UserError
from labelloop.learners.base import FitContext
from labelloop.learners.prompt.held_out_score import CHUNK
from labelloop.learners.prompt.model import PromptModel
from labelloop.llm.llm_client import required

log = structlog.get_logger()


def labelled_by(teacher: PromptModel, texts: Sequence[str], context: FitContext) -> list[tuple[str, Prediction]]:
    """Return the LLM's labels for the first texts: as far as the deadline, the cap and the server let it come.

    Texts that it leaves to people are left out. Raises UserError with the reason if it does not come to any.
    """
    labels: list[tuple[str, Prediction]] = []
    prompt, llm = teacher.prompt, required(teacher.llm)
    if texts:
        log.info("llm_estimated", model=prompt.labeler.parameters.model, **asdict(teacher.estimate(texts)))
    for start in range(0, len(texts), CHUNK):
        chunk = texts[start : start + CHUNK]
        if labels and time.monotonic() >= context.deadline:
            break
        try:
            with llm.locked(prompt.cost_center):
                labels += zip(chunk, teacher.predict(chunk), strict=True)
        except (UserError, NeighbourError) as error:
            if not labels:
                raise UserError(str(error)) from error
            log.warning("llm_labels_end_early", labels=len(labels), wanted=len(texts), reason=str(error))
            break
        context.report(len(labels) / len(texts))
    return [(text, label) for text, label in labels if not label.fallback]


def weight(field: Field, confidence: float) -> float:
    """Return how much an LLM's label counts where a person's counts 1: its calibrated confidence above chance.

    With one label of k that is (k · confidence - 1) / (k - 1), so that what is no better than a guess counts nothing,
    as in Cohen's kappa; with several labels, whose sets are hardly ever guessed, the confidence.
    """
    labels = len(field.labels)
    if field.kind in (FieldKind.CHOICES, FieldKind.TAXONOMY) or labels < 2:
        return confidence
    return max((labels * confidence - 1) / (labels - 1), 0.0)
