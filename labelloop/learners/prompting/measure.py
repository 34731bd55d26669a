"""The LLM measured on examples that people judged: each is asked without being shown itself."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import structlog

from labelloop.domain.tasks import fingerprint
from labelloop.domain.values import similarity
from labelloop.learners.base import Scratch
from labelloop.learners.prompting.judge import Judge, Judgement, Question
from labelloop.learners.prompting.shots import Shots
from labelloop.llm.account import Account
from labelloop.llm.client import Client

SAMPLE = 100
"""How many examples the LLM's confidence is measured on, each answered without seeing itself."""
CHUNK = 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What a judge said of the examples at these places of its shots."""

    judge: Judge
    places: tuple[int, ...]
    said: tuple[Judgement, ...]

    @property
    def scores(self) -> list[float]:
        """Return how like people's each answer is, in [0, 1]; 0 where it is left to people."""
        values = self.judge.shots.values
        return [
            0.0 if one.value is None else similarity(one.value, values[place])
            for place, one in zip(self.places, self.said, strict=True)
        ]

    def part(self, places: Sequence[int]) -> "Measured":
        """Return the part of it at these places, in their order."""
        said = dict(zip(self.places, self.said, strict=True))
        return Measured(self.judge, tuple(places), tuple(said[place] for place in places))


def measure(
    client: Client, judge: Judge, places: Sequence[int], account: Account, scratch: Scratch, *, tell: bool = True
) -> Measured:
    """Return what the judge says of the examples at these places, of their first ones where the time is over before.

    With `tell` the scratch is told how far it is. Raises as `Client.each` does.
    """
    said = asked(client, judge, held_out(judge.shots, places), account, scratch, tell=tell)
    return Measured(judge, tuple(places[: len(said)]), tuple(said))


def asked(
    client: Client,
    judge: Judge,
    questions: Sequence[Question],
    account: Account,
    scratch: Scratch,
    *,
    tell: bool = True,
) -> list[Judgement]:
    """Return what the judge says, of the first questions where the time is over before; it is told as in `measure`."""
    said = list[Judgement]()
    most = client.estimate([ask for question in questions for ask in judge.asks(question)])
    log.info("llm_estimated", model=judge.parameters.model, **asdict(most))
    for start in range(0, len(questions), CHUNK):
        if said and time.monotonic() >= scratch.deadline:
            break
        with client.turn(account):
            said += client.each(questions[start : start + CHUNK], judge, account)
        if tell:
            scratch.report(len(said) / len(questions))
    return said


def held_out(shots: Shots, places: Sequence[int]) -> list[Question]:
    """Return examples as questions that must not be shown themselves, nor others with the same text."""
    same: dict[str, set[int]] = defaultdict(set)
    for place, text in enumerate(shots.texts):
        same[fingerprint(text)].add(place)
    return [
        Question(shots.texts[place], shots.vectors[place], frozenset(same[fingerprint(shots.texts[place])]))
        for place in places
    ]


def sample(count: int, seed: int) -> list[int]:
    """Return the places of at most 100 of so many examples, in random order.

    So a fit that must end early has a fair part of them.
    """
    return [int(place) for place in np.random.default_rng(seed).permutation(count)[:SAMPLE]]


def spare(count: int, seed: int) -> list[int]:
    """Return the places of at most 100 further examples, those that `sample` would have drawn next."""
    return [int(place) for place in np.random.default_rng(seed).permutation(count)[SAMPLE : 2 * SAMPLE]]


def tokens_per_text(said: Sequence[Judgement]) -> tuple[float, float]:
    """Return how many tokens a judgement (at least one) took on average, in and out."""
    return sum(one.tokens_in for one in said) / len(said), sum(one.tokens_out for one in said) / len(said)
