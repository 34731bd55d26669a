"""A prompted LLM as a model: what it is told, what it is shown, and how far it can be trusted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from labelloop.domain.predictions import Answer
from labelloop.domain.values import Value
from labelloop.encoders.base import Encode
from labelloop.errors import UserError
from labelloop.learners.platt import Curve
from labelloop.learners.prompting.files import Stored, write
from labelloop.learners.prompting.judge import Judge, Judgement, Question
from labelloop.learners.prompting.measure import Measured
from labelloop.llm.account import Account
from labelloop.llm.client import Client, Estimate
from labelloop.llm.prices import price_of
from labelloop.settings import Settings

Connect = Callable[[], Client]

log = structlog.get_logger()


def connect() -> Client:
    """Return the way to the LLM that the settings name."""
    return Client(Settings())


@dataclass(frozen=True, slots=True, eq=False)
class PromptModel:
    """Implements Model. What it asks is charged to the project and the round that it was fitted in.

    `names` are what the LLM called itself while it was fitted: an answer under another name comes from a model that was
    not measured. `guess`, with how often people say so, stands where the LLM says nothing of use. `tokens` are how many
    a text takes on average, in and out; `papers` are the files on its guideline, by name. `measured` is what it was
    measured on: it is not saved.
    """

    judge: Judge
    curve: Curve
    guess: tuple[Value, float]
    names: frozenset[str]
    account: Account
    encode: Encode
    connect: Connect = connect
    tokens: tuple[float, float] = (0.0, 0.0)
    papers: Mapping[str, str] = field(default_factory=dict)
    measured: Measured | None = None

    @property
    def cost_per_1000(self) -> float:
        """Return what 1,000 answers cost by the price table, were none of them kept from before.

        Raises UserError where the price is unknown.
        """
        price = price_of(Settings().llm_price_table(), self.judge.parameters.model)
        return 1000 * price.of(*self.tokens)

    def answer(self, texts: Sequence[str]) -> list[Answer]:
        """Return one answer per text; where the LLM is unsure or makes no sense, the guess, with margin 0.

        Raises UserError where people must act (cap, key, price, a renamed model), NeighbourError where the LLM does not
        answer, or not in time. What it did answer is kept, so asking again goes on from there.
        """
        if not texts:
            return []
        questions = [Question(text, vector) for text, vector in zip(texts, self.encode(texts), strict=True)]
        said = self.connect().each(questions, self.judge, self.account)
        self._refuse_strangers(said)
        tell(said, model=self.judge.parameters.model)
        sure = self.curve([one.score for one in said])
        return [self._answer(one, float(confidence)) for one, confidence in zip(said, sure, strict=True)]

    def estimate(self, texts: Sequence[str]) -> Estimate:
        """Return what answering the texts would cost at most, without asking; an answer that is mended costs twice."""
        questions = [Question(text, vector) for text, vector in zip(texts, self.encode(texts), strict=True)]
        return self.connect().estimate([ask for question in questions for ask in self.judge.asks(question)])

    def save(self, directory: Path) -> None:
        """Write `prompt.md`, what the LLM is told; `prompt.json`, all else; `prompt.safetensors`, the vectors.

        And `guideline.md`, with `refinement.json`, how it came about.
        """
        about = (self.judge, self.curve, self.guess, self.names, self.account, self.encode.digest, self.tokens)
        write(directory, Stored(*about, self.papers))

    def _answer(self, said: Judgement, confidence: float) -> Answer:
        if said.value is None:
            return Answer(self.guess[0], 0.0, self.guess[1], stands_in=True)
        return Answer(said.value, said.score, confidence)

    def _refuse_strangers(self, said: Sequence[Judgement]) -> None:
        strangers = frozenset[str]().union(*(one.names for one in said)) - self.names
        if strangers and self.names:
            raise UserError(
                f"The LLM answers as {', '.join(sorted(strangers))}, but {', '.join(sorted(self.names))} was measured. "
                "Put LABELLOOP_LLM_BASE_URL back to that one, or fit again with `labelloop train`; until then roll "
                "back to another version."
            )


def tell(said: Sequence[Judgement], *, model: str) -> None:
    """Log how many answers were of use."""
    log.info(
        "llm_answered",
        model=model,
        texts=len(said),
        left_to_people=sum(one.value is None for one in said),
        quotes_not_found=sum(one.lost for one in said),
    )
