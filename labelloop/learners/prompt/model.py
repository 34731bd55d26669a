"""A prompted LLM as a model: its system message, its examples, and how far it can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from labelloop.domain.predictions import Prediction
from labelloop.domain.refinement import Refinement
from labelloop.encoders.base import Encode
from labelloop.errors import UserError
from labelloop.learners.prompt.held_out_score import Measured
from labelloop.learners.prompt.llm_labeler import LlmAnswer
from labelloop.learners.prompt.prompt_files import FittedPrompt, write
from labelloop.learners.prompt.question import Question
from labelloop.learners.prompt.response_reading import reasons
from labelloop.llm.llm_client import Estimate, LlmClient, required

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PromptModel:
    """Implements Model. What it asks is charged to the project and the round that it was fitted in.

    An answer under a name that the LLM did not have while it was fitted comes from a model that was not measured.
    `measured` is what it was measured on: it is not saved.
    """

    prompt: FittedPrompt
    encode: Encode
    llm: LlmClient | None
    measured: Measured | None = None

    @property
    def cost_per_1000(self) -> float:
        """Return what 1,000 predictions cost by the price table, were none of the responses kept from before.

        Raises UserError where the price is unknown.
        """
        price = required(self.llm).settings.price(self.prompt.labeler.parameters.model)
        return 1000 * price.of(*self.prompt.tokens)

    @property
    def refinement(self) -> Refinement | None:
        """Return which guideline the LLM follows and how that came about."""
        return self.prompt.refinement

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one prediction per text; where the LLM is unsure or makes no sense, the fallback, with margin 0.

        Raises UserError where people must act (cap, key, price, a renamed model), NeighbourError where the LLM does not
        answer, or not in time. What it did answer is kept, so asking again goes on from there.
        """
        if not texts:
            return []
        labeler = self.prompt.labeler
        answers = required(self.llm).each(self._questions(texts), labeler, self.prompt.cost_center)
        self._refuse_strangers(answers)
        log_answers(answers, model=labeler.parameters.model)
        field = f"{labeler.field.name}\n" if labeler.others else ""
        why = {field + text: str(answer.unreadable or "") for text, answer in zip(texts, answers, strict=True)}
        required(self.llm).answered(self.prompt.cost_center, why)
        confidence = self.prompt.curve([answer.score for answer in answers])
        return [self._prediction(answer, float(sure)) for answer, sure in zip(answers, confidence, strict=True)]

    def estimate(self, texts: Sequence[str]) -> Estimate:
        """Return what predicting for the texts would cost at most, without asking; a repaired response costs twice."""
        labeler = self.prompt.labeler
        requests = [request for question in self._questions(texts) for request in labeler.requests(question)]
        return required(self.llm).estimate(requests)

    def save(self, directory: Path) -> None:
        """Write `prompt.md`, the system message; `prompt.json`, all else; `prompt.safetensors`, the vectors.

        And `guideline.md`, with `refinement.json`, how it came about.
        """
        write(directory, self.prompt)

    def _questions(self, texts: Sequence[str]) -> list[Question]:
        labeler, vectors = self.prompt.labeler, self.encode(texts)
        return [labeler.question(text, vector, self.encode) for text, vector in zip(texts, vectors, strict=True)]

    def _prediction(self, answer: LlmAnswer, confidence: float) -> Prediction:
        if answer.value is None:
            value, share = self.prompt.fallback
            return Prediction(value, 0.0, share, fallback=True)
        return Prediction(answer.value, answer.score, confidence)

    def _refuse_strangers(self, answers: Sequence[LlmAnswer]) -> None:
        names = self.prompt.names
        strangers = frozenset[str]().union(*(answer.names for answer in answers)) - names
        if strangers and names:
            raise UserError(
                f"The LLM answers as {', '.join(sorted(strangers))}, but {', '.join(sorted(names))} was measured. "
                "Put LABELLOOP_LLM_BASE_URL back to that one, or fit again with `labelloop train`; until then roll "
                "back to another version."
            )


def log_answers(answers: Sequence[LlmAnswer], *, model: str) -> None:
    """Log how many answers were of use, and why the others were not."""
    log.info(
        "llm_answered",
        model=model,
        texts=len(answers),
        left_to_people=sum(answer.value is None for answer in answers),
        unreadable=reasons(answer.unreadable for answer in answers),
        quotes_not_found=sum(answer.lost for answer in answers),
    )
