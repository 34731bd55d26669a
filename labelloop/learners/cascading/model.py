"""A student, an LLM behind it, and the rule which of them answers."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from labelloop.domain.predictions import Answer
from labelloop.learners.cascading.route import Trust
from labelloop.learners.linear_model import LinearModel
from labelloop.learners.prompting.model import PromptModel
from labelloop.learners.stored import told_plainly
from labelloop.llm.client import Estimate

ABOUT = "cascade.json"


@dataclass(frozen=True, slots=True)
class Route:
    """From which margin on the student answers alone, how far the LLM is trusted, and which share it was asked for."""

    threshold: float
    trust: Trust
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class CascadeModel:
    """Implements Model: the margin is the confidence, so that both answerers' tasks stand in one order."""

    student: LinearModel
    llm: PromptModel
    route: Route

    @property
    def cost_per_1000(self) -> float:
        """Return what 1,000 answers cost: the LLM's price for the share of texts that it was asked for.

        Raises UserError where the price is unknown.
        """
        return self.route.share * self.llm.cost_per_1000 if self.route.share else 0.0

    def answer(self, texts: Sequence[str]) -> list[Answer]:
        """Return one answer per text; where the LLM is unsure, the student's, with margin 0.

        Raises what the LLM raises, but only where it is asked.
        """
        guesses = self.student.answer(texts)
        asked = [place for place, guess in enumerate(guesses) if guess.margin < self.route.threshold]
        said = dict(zip(asked, self.llm.answer([texts[place] for place in asked]), strict=True))
        return [self._answer(guess, said.get(place)) for place, guess in enumerate(guesses)]

    def estimate(self, texts: Sequence[str]) -> Estimate:
        """Return what answering the texts would cost at most, without asking the LLM."""
        guesses = zip(texts, self.student.answer(texts), strict=True)
        return self.llm.estimate([text for text, guess in guesses if guess.margin < self.route.threshold])

    def save(self, directory: Path) -> None:
        """Write what `linear` and `prompt` write, and `cascade.json`: the rule."""
        self.student.save(directory)
        self.llm.save(directory)
        (directory / ABOUT).write_text(json.dumps(asdict(self.route), sort_keys=True, indent=1) + "\n", "utf-8")

    def _answer(self, guess: Answer, said: Answer | None) -> Answer:
        if said is None:
            return Answer(guess.value, guess.confidence, guess.confidence)
        if said.stands_in:
            return Answer(guess.value, 0.0, guess.confidence)
        sure = self.route.trust(guess, said)
        return Answer(said.value, sure, sure)


def read_route(directory: Path) -> Route:
    """Return the saved rule; raises BrokenPromise where it cannot be read."""
    with told_plainly(directory):
        about = json.loads((directory / ABOUT).read_text("utf-8"))
        trust = about["trust"]
        one, two, three = (float(each) for each in trust["weights"])
        return Route(
            float(about["threshold"]),
            Trust((one, two, three), float(trust["bias"]), float(trust["most"])),
            float(about["share"]),
        )
