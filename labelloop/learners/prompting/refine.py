"""Better rules from the LLM's own errors: looked for in one half of a sample, tried on the other, taken if proven."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from labelloop.domain.guidelines import ACCEPTED, PROPOSED, REJECTED
from labelloop.domain.tasks import fingerprint
from labelloop.errors import NeighbourError, UserError
from labelloop.learners.base import Scratch
from labelloop.learners.prompting.edits import Edit, Mistake, differences, edited, proposal, read_edits
from labelloop.learners.prompting.guideline import Guideline, read
from labelloop.learners.prompting.judge import Speak
from labelloop.learners.prompting.measure import Measured, measure
from labelloop.learners.prompting.prompt import instructions
from labelloop.learners.prompting.refinement import Refinement
from labelloop.llm.account import Account
from labelloop.llm.client import Client
from labelloop.llm.messages import Ask, Said
from labelloop.llm.prices import Price
from labelloop.stats.paired import fewest_gains, sign_test

LEVEL = 0.05
"""The risk, in each round, of taking a proposal that is no better."""
FEWEST_ERRORS = 3

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class Refiner:
    """A way to the LLM, on whose account it is asked, what it costs, and until when.

    What goes wrong on the way is logged, and the version keeps the guideline that it had.
    """

    client: Client
    account: Account
    price: Price
    scratch: Scratch

    def __call__(
        self, measured: Measured, guideline: Guideline, origin: str, spare: Sequence[int]
    ) -> tuple[Measured, Refinement]:
        """Return what the version is to be made of: the same, or what was measured with a proven guideline.

        The latter holds none of the examples in which errors were looked for; `spare` ones come in their place.
        """
        looked, held_out = halves(measured)
        mistakes = _mistakes(looked)
        found = Refinement(origin, guideline.written(), errors=len(mistakes), n=len(held_out.places))
        if why := _hopeless(mistakes, held_out):
            return measured, replace(found, because=why)
        try:
            found, new = self._proposed(found, measured, guideline, mistakes)
            if new is None:
                return measured, found
            found, trial = self._tried(found, held_out, new)
            if found.outcome != ACCEPTED:
                return measured, found
            return self._measured(trial, looked, spare), found
        except (UserError, NeighbourError) as error:
            log.warning("guideline_not_refined", error=type(error).__name__)
            return measured, replace(found, outcome=PROPOSED if found.proposal else "", because=str(error))

    def _proposed(
        self, found: Refinement, measured: Measured, guideline: Guideline, mistakes: Sequence[Mistake]
    ) -> tuple[Refinement, Guideline | None]:
        if time.monotonic() >= self.scratch.deadline:
            return replace(found, because="no time was left to improve the guideline"), None
        judge, refused = measured.judge, self._refused(measured, guideline)
        ask = proposal(judge.field, judge.parameters, guideline, mistakes, refused)
        (said,) = self.client.each([ask], _asked, self.account)
        found = replace(found, cost=self.price.of(said.tokens_in, said.tokens_out))
        edits = read_edits(judge.field, said.content)
        if edits is None:
            return replace(found, because="the LLM's proposal could not be read"), None
        new = edited(guideline, [edit for edit in edits if edit not in refused])
        kept = tuple(differences(guideline, new))
        if not kept:
            return replace(found, because="the LLM proposes nothing that is new"), None
        return replace(found, proposal=new.written(), edits=kept), new

    def _tried(self, found: Refinement, held_out: Measured, new: Guideline) -> tuple[Refinement, Measured]:
        judge = replace(held_out.judge, system=instructions(held_out.judge.field, new))
        trial = measure(self.client, judge, held_out.places, self.account, self.scratch, tell=False)
        cost = found.cost + sum(self.price.of(one.tokens_in, one.tokens_out) for one in trial.said)
        if len(trial.places) < len(held_out.places):
            return replace(found, outcome=PROPOSED, because="the time was over before it was tried", cost=cost), trial
        return replace(_judged(found, held_out.scores, trial.scores), cost=cost), trial

    def _measured(self, trial: Measured, looked: Measured, spare: Sequence[int]) -> Measured:
        texts = trial.judge.shots.texts
        seen = {fingerprint(texts[place]) for place in looked.places}
        fresh = [place for place in spare if fingerprint(texts[place]) not in seen][: len(looked.places)]
        if not fresh or time.monotonic() >= self.scratch.deadline:
            return trial
        more = measure(self.client, trial.judge, fresh, self.account, self.scratch, tell=False)
        return Measured(trial.judge, trial.places + more.places, trial.said + more.said)

    def _refused(self, measured: Measured, guideline: Guideline) -> list[Edit]:
        rejected = (read(text, measured.judge.field) for text in self.scratch.refused)
        return list(dict.fromkeys(edit for one in rejected for edit in differences(guideline, one)))


def halves(measured: Measured) -> tuple[Measured, Measured]:
    """Return the half where errors are looked for and the held-out one; equal texts stay together.

    The places come in the order of the seed, so that every other one is a random half.
    """
    halves: dict[str, int] = {}
    for place in measured.places:
        halves.setdefault(fingerprint(measured.judge.shots.texts[place]), len(halves) % 2)
    parts: tuple[list[int], list[int]] = ([], [])
    for place in measured.places:
        parts[halves[fingerprint(measured.judge.shots.texts[place])]].append(place)
    return measured.part(parts[0]), measured.part(parts[1])


def _mistakes(looked: Measured) -> list[Mistake]:
    shots = looked.judge.shots
    wrong = [
        (place, one.value)
        for place, one, score in zip(looked.places, looked.said, looked.scores, strict=True)
        if score < 1
    ]
    return [Mistake(shots.texts[place], said, shots.values[place]) for place, said in wrong]


def _hopeless(mistakes: Sequence[Mistake], held_out: Measured) -> str:
    """Return why nothing is asked: too little to learn from, or too little that could prove anything."""
    if len(mistakes) < FEWEST_ERRORS:
        return f"only {len(mistakes)} errors to learn from, {FEWEST_ERRORS} needed"
    wrong, needed = sum(score < 1 for score in held_out.scores), fewest_gains(LEVEL)
    return "" if wrong >= needed else f"only {wrong} errors among the held-out examples, {needed} needed for a proof"


def _judged(found: Refinement, before: Sequence[float], after: Sequence[float]) -> Refinement:
    test, n = sign_test(before, after), len(before)
    old, new = sum(before) / n, sum(after) / n
    proven = test.p_value <= LEVEL and new > old
    told = f"{test.gains} held-out examples better, {test.losses} worse (p = {test.p_value:.3f}, {LEVEL:g} allowed)"
    return replace(
        found,
        outcome=ACCEPTED if proven else REJECTED,
        because=told,
        before=old,
        after=new,
        gains=test.gains,
        losses=test.losses,
        p_value=test.p_value,
    )


async def _asked(speak: Speak, ask: Ask) -> Said:
    return await speak(ask)
