"""Better rules from the LLM's own errors: found in one half of a sample, tried on the other, taken if proven."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import structlog

from labelloop.domain.guideline_history import ACCEPTED, PROPOSED, REJECTED
from labelloop.domain.guideline_text import GuidelineText, read_guideline
from labelloop.domain.refinement import Edit, Evidence, Refinement
from labelloop.domain.tasks import fingerprint
from labelloop.domain.value_cells import value_json
from labelloop.domain.values import Value
from labelloop.errors import NeighbourError, UserError
from labelloop.learners.base import FitContext
from labelloop.learners.prompt.guideline_edits import Mistake, differences, edited, proposal, read_edits
from labelloop.learners.prompt.held_out_score import Measured, measure
from labelloop.learners.prompt.prompt_text import instructions
from labelloop.llm.chat_messages import ChatRequest, ChatResponse
from labelloop.llm.cost_center import current_cost_center
from labelloop.llm.llm_client import Ask, required
from labelloop.llm.prices import Price
from labelloop.stats.paired import fewest_gains, sign_test

LEVEL = 0.05
"""The risk, in each round, of taking a proposal that is no better."""
FEWEST_ERRORS = 3

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class Refiner:
    """Improves a guideline with the LLM of a fit, at a price, until the fit's deadline.

    What goes wrong on the way is logged, and the version keeps the guideline that it had.
    """

    context: FitContext
    price: Price

    def __call__(
        self, measured: Measured, guideline: GuidelineText, origin: str, spare: Sequence[int]
    ) -> tuple[Measured, Refinement]:
        """Return what the version is to be made of: the same, or what was measured with a proven guideline.

        The latter holds none of the examples that were searched for errors; `spare` ones come in their place.
        """
        searched, held_out = halves(measured)
        mistakes = _mistakes(searched)
        found = Refinement(origin, guideline.written(), errors=len(mistakes), n=len(held_out.places))
        if why := _hopeless(mistakes, held_out):
            return measured, replace(found, reason=why)
        try:
            found, new = self._proposed(found, measured, guideline, mistakes)
            if new is None:
                return measured, found
            found, trial = self._tried(found, held_out, new)
            if found.outcome != ACCEPTED:
                return measured, found
            return self._measured(trial, searched, spare), found
        except (UserError, NeighbourError) as error:
            log.warning("guideline_not_refined", error=type(error).__name__)
            return measured, replace(found, outcome=PROPOSED if found.proposal else "", reason=str(error))

    def _proposed(
        self, found: Refinement, measured: Measured, guideline: GuidelineText, mistakes: Sequence[Mistake]
    ) -> tuple[Refinement, GuidelineText | None]:
        if time.monotonic() >= self.context.deadline:
            return replace(found, reason="no time was left to improve the guideline"), None
        labeler, refused = measured.labeler, self._refused(measured, guideline)
        request = proposal(labeler.field, labeler.parameters, guideline, mistakes, refused)
        (response,) = required(self.context.llm).each([request], _asked, current_cost_center())
        found = replace(found, cost=self.price.of(response.tokens_in, response.tokens_out))
        edits = read_edits(labeler.field, response.content)
        if edits is None:
            return replace(found, reason="the LLM's proposal could not be read"), None
        new = edited(guideline, [edit for edit in edits if edit not in refused])
        kept = tuple(differences(guideline, new))
        if not kept:
            return replace(found, reason="the LLM proposes nothing that is new"), None
        return replace(found, proposal=new.written(), edits=kept, evidence=tuple(map(_error, mistakes))), new

    def _tried(self, found: Refinement, held_out: Measured, new: GuidelineText) -> tuple[Refinement, Measured]:
        labeler = replace(held_out.labeler, system=instructions(held_out.labeler.field, new))
        trial = measure(labeler, held_out.places, self.context, report=False)
        shares = sum(self.price.of(one.tokens_in, one.tokens_out) for one in trial.answers)
        cost = found.cost + shares * labeler.fields  # nobody else asks with this guideline
        if len(trial.places) < len(held_out.places):
            return replace(found, outcome=PROPOSED, reason="the time was over before it was tried", cost=cost), trial
        evidence = (*(found.evidence or ()), *_changed(held_out, trial))
        return replace(_tested(found, held_out.scores, trial.scores), cost=cost, evidence=evidence), trial

    def _measured(self, trial: Measured, searched: Measured, spare: Sequence[int]) -> Measured:
        texts = trial.labeler.shots.texts
        seen = {fingerprint(texts[place]) for place in searched.places}
        fresh = [place for place in spare if fingerprint(texts[place]) not in seen][: len(searched.places)]
        if not fresh or time.monotonic() >= self.context.deadline:
            return trial
        more = measure(trial.labeler, fresh, self.context, report=False)
        return Measured(trial.labeler, trial.places + more.places, trial.answers + more.answers)

    def _refused(self, measured: Measured, guideline: GuidelineText) -> list[Edit]:
        rejected = (read_guideline(text, measured.labeler.field) for text in self.context.refused)
        return list(dict.fromkeys(edit for one in rejected for edit in differences(guideline, one)))


def halves(measured: Measured) -> tuple[Measured, Measured]:
    """Return the half that is searched for errors and the held-out one; equal texts stay together.

    The places come in the order of the seed, so that every other one is a random half.
    """
    halves: dict[str, int] = {}
    for place in measured.places:
        halves.setdefault(fingerprint(measured.labeler.shots.texts[place]), len(halves) % 2)
    parts: tuple[list[int], list[int]] = ([], [])
    for place in measured.places:
        parts[halves[fingerprint(measured.labeler.shots.texts[place])]].append(place)
    return measured.part(parts[0]), measured.part(parts[1])


def _mistakes(searched: Measured) -> list[Mistake]:
    shots = searched.labeler.shots
    wrong = [
        (place, one.value)
        for place, one, score in zip(searched.places, searched.answers, searched.scores, strict=True)
        if score < 1
    ]
    return [Mistake(shots.texts[place], given, shots.values[place]) for place, given in wrong]


def _hopeless(mistakes: Sequence[Mistake], held_out: Measured) -> str:
    """Return why nothing is asked: too little to learn from, or too little that could prove anything."""
    if len(mistakes) < FEWEST_ERRORS:
        return f"only {len(mistakes)} errors to learn from, {FEWEST_ERRORS} needed"
    wrong, needed = sum(score < 1 for score in held_out.scores), fewest_gains(LEVEL)
    return "" if wrong >= needed else f"only {wrong} errors among the held-out examples, {needed} needed for a proof"


def _tested(found: Refinement, before: Sequence[float], after: Sequence[float]) -> Refinement:
    test, n = sign_test(before, after), len(before)
    old, new = sum(before) / n, sum(after) / n
    proven = test.p_value <= LEVEL and new > old
    counts = f"{test.gains} held-out examples better, {test.losses} worse"
    return replace(
        found,
        outcome=ACCEPTED if proven else REJECTED,
        reason=f"{counts} (p = {test.p_value:.3f}, {LEVEL:g} allowed)",
        before=old,
        after=new,
        gains=test.gains,
        losses=test.losses,
        p_value=test.p_value,
    )


def _error(mistake: Mistake) -> Evidence:
    return Evidence(fingerprint(mistake.text), value_json(mistake.right), _json(mistake.given))


def _changed(before: Measured, after: Measured) -> Iterator[Evidence]:
    """Yield the held-out examples on which the proposal gains or loses."""
    shots, scores = before.labeler.shots, zip(before.scores, after.scores, strict=True)
    for place, old, new, (one, other) in zip(before.places, before.answers, after.answers, scores, strict=True):
        if one != other:
            right, text = value_json(shots.values[place]), fingerprint(shots.texts[place])
            yield Evidence(text, right, _json(old.value), _json(new.value), other - one)


def _json(value: Value | None) -> str:
    return "" if value is None else value_json(value)


async def _asked(ask: Ask, request: ChatRequest) -> ChatResponse:
    return await ask(request)
