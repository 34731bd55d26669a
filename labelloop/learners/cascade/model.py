"""A student, an LLM behind it, and the rule which of them answers."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from labelloop.domain.predictions import Prediction
from labelloop.domain.refinement import Refinement
from labelloop.learners.cascade.routing import Trust
from labelloop.learners.linear.model import LinearModel
from labelloop.learners.model_io import damage_reported
from labelloop.learners.prompt.model import PromptModel
from labelloop.llm.llm_client import Estimate

ROUTE = "cascade.json"


@dataclass(frozen=True, slots=True)
class Route:
    """The margin from which on the student answers alone, how far the LLM is trusted, and how often it was asked."""

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
        """Return what 1,000 predictions cost: the LLM's price for the share of texts that it was asked for.

        Raises UserError where the price is unknown.
        """
        return self.route.share * self.llm.cost_per_1000 if self.route.share else 0.0

    @property
    def refinement(self) -> Refinement | None:
        """Return which guideline the LLM follows and how that came about."""
        return self.llm.refinement

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one prediction per text; where the LLM is unsure, the student's, with margin 0.

        Raises what the LLM raises, but only where it is asked.
        """
        guesses = self.student.predict(texts)
        asked = [place for place, guess in enumerate(guesses) if guess.margin < self.route.threshold]
        answers = dict(zip(asked, self.llm.predict([texts[place] for place in asked]), strict=True))
        return [self._served(guess, answers.get(place)) for place, guess in enumerate(guesses)]

    def estimate(self, texts: Sequence[str]) -> Estimate:
        """Return what predicting for the texts would cost at most, without asking the LLM."""
        guesses = zip(texts, self.student.predict(texts), strict=True)
        return self.llm.estimate([text for text, guess in guesses if guess.margin < self.route.threshold])

    def save(self, directory: Path) -> None:
        """Write what `linear` and `prompt` write, and `cascade.json`: the rule."""
        self.student.save(directory)
        self.llm.save(directory)
        (directory / ROUTE).write_text(json.dumps(asdict(self.route), sort_keys=True, indent=1) + "\n", "utf-8")

    def _served(self, guess: Prediction, answer: Prediction | None) -> Prediction:
        if answer is None:
            return Prediction(guess.value, guess.confidence, guess.confidence)
        if answer.fallback:
            return Prediction(guess.value, 0.0, guess.confidence)
        sure = self.route.trust(guess, answer)
        return Prediction(answer.value, sure, sure)


def read_route(directory: Path) -> Route:
    """Return the saved rule; raises BrokenPromise where it cannot be read."""
    with damage_reported(directory):
        route = json.loads((directory / ROUTE).read_text("utf-8"))
        trust = route["trust"]
        one, two, three = (float(each) for each in trust["weights"])
        return Route(
            float(route["threshold"]),
            Trust((one, two, three), float(trust["bias"]), float(trust["most"])),
            float(route["share"]),
        )
