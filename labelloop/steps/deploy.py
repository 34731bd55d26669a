"""Decide after a round which version serves, and deploy it."""

from collections.abc import Sequence

import numpy as np

from labelloop.domain.competing_versions import undecided
from labelloop.domain.lookup import matching
from labelloop.domain.moments import moment_after
from labelloop.domain.promotion import Comparison, Cost, challenger_among, cost_ratio, promote
from labelloop.domain.records import Decision, Deployment, Evaluation, Fit
from labelloop.encoders.encoder_spec import in_words
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.stats.agreement import paired_difference
from labelloop.steps.background_learners import untuned
from labelloop.steps.deployments import deploy
from labelloop.steps.evaluate import agreement_by_task
from labelloop.stores.book import Book

UNMEASURED = "not measured yet: it answers before the first label"


def decide_round(book: Book, state: ProjectState, number: int, *, llm: bool = False) -> Decision:
    """Apply the promotion rule to a round, deploy the winner if it is new, and return the newest decision.

    It is applied once, and once more for candidates that came late. What a crash left undeployed is deployed when this
    is run again; a rollback since is respected.
    """
    state, known = _carried_out(book, state, number)
    new = _decide(book, state, number, known, llm=llm)
    if new is not None:
        parents = tuple(found.artifact for found in matching(state.looped.evaluations, round_number=number))
        book.record(new, f"decision-{number}-{new.challenger or 'none'}", parents=parents)
        _, known = _carried_out(book, load(book, state.id).focused(state.focus), number)
    assert known is not None
    return known


def _carried_out(book: Book, state: ProjectState, number: int) -> tuple[ProjectState, Decision | None]:
    """Deploy the winner of a round's newest decision if it was not; return it and the state as it then is."""
    decision = state.looped.decision(number)
    if decision is None or state.looped.has_taken_effect(decision):
        return state, decision
    deploy(book, state, decision.winner, reason=decision.reason)
    return load(book, state.id).focused(state.focus), decision


def deploy_first(book: Book, state: ProjectState) -> Deployment | None:
    """Let the version that was fitted before the first label answer, unless another came first; None then."""
    fit = state.first_version
    return deploy(book, state, fit.version, reason=UNMEASURED) if fit else None


def _decide(book: Book, state: ProjectState, number: int, before: Decision | None, *, llm: bool) -> Decision | None:
    measured = matching(state.looped.evaluations, round_number=number)
    competing = state.looped.competing(number)
    new = undecided(competing, measured, before)
    if before is not None and not new:
        return None
    champion = state.deployed
    if before is None and champion is not None and champion.round_number == 0:
        new.pop(champion.version, None)  # served since before it could be measured: it is no challenger
    challenger = _challenger([fit for fit in competing if fit.version in new], new)
    if challenger is None:
        winner, reason = champion.version if champion else "", _why_none(state, measured, llm=llm)
    else:
        late = before is not None or challenger.round_number < number
        evaluations = {found.version: found for found in measured if not found.failure}
        winner, reason = _winner(book, state, challenger, champion, evaluations, late=late)
        if late:
            learned = f"{challenger.version}, fitted to round {challenger.round_number} with {challenger.labels} labels"
            reason = f"{learned}, {_late(state, challenger)}: {reason}"
    return Decision(
        project_id=state.id,
        round_number=number,
        challenger=challenger.version if challenger else "",
        champion=champion.version if champion else "",
        winner=winner,
        reason=reason,
        field=state.field_on_record,
        created_at=moment_after(measured),  # else it would be taken again
    )


def _late(state: ProjectState, challenger: Fit) -> str:
    same = matching(state.looped.fits, round_number=challenger.round_number, learner=challenger.learner)
    anew = same[0] != challenger
    return f"was fitted anew, with the encoder {in_words(state.looped.encoder_of(challenger))}" if anew else "came late"


def _challenger(fits: list[Fit], measured: dict[str, Evaluation]) -> Fit | None:
    if not fits:
        return None
    found = [measured[fit.version] for fit in fits]
    return fits[challenger_among([(one.agreement or 0.0, one.cost_per_1000) for one in found])]


def _why_none(state: ProjectState, measured: Sequence[Evaluation], *, llm: bool) -> str:
    if failures := [f"{found.version} could not be evaluated: {found.failure}" for found in measured if found.failure]:
        return "; ".join(failures)
    if waiting := [one.spec for one in untuned(state, llm=llm)]:
        return f"{', '.join(waiting)} will come late, and no other learner could be fitted to this round"
    return "no learner could be fitted to this round"


def _winner(
    book: Book,
    state: ProjectState,
    challenger: Fit,
    champion: Fit | None,
    evaluations: dict[str, Evaluation],
    *,
    late: bool,
) -> tuple[str, str]:
    if champion is None:
        return challenger.version, "the first model"
    if champion.version == challenger.version:
        return champion.version, "it serves already"
    if state.looped.pinned_version:
        return champion.version, f"it is pinned until `labelloop deploy {state.id} --unpin`"
    ours, theirs = evaluations[challenger.version], evaluations.get(champion.version)
    if theirs is None:
        return challenger.version, f"{champion.version} could not be evaluated"
    one, other = agreement_by_task(book, ours), agreement_by_task(book, theirs)
    common = [task_id for task_id in one if task_id in other]
    difference = paired_difference(*(np.array([known[task_id] for task_id in common]) for known in (one, other)))
    ratio = cost_ratio(_cost(state, ours), _cost(state, theirs), same_learner=challenger.learner == champion.learner)
    more = not late or challenger.labels > champion.labels
    outdated = state.looped.is_outdated(champion) and not state.looped.is_outdated(challenger)
    wins, reason = promote(Comparison(difference.mean, difference.standard_error, difference.n, ratio, more, outdated))
    return (challenger.version if wins else champion.version), reason


def _cost(state: ProjectState, found: Evaluation) -> Cost:
    # The time that it took when it was new: later an LLM's answers to the same tasks come from the cache.
    measured = matching(state.looped.evaluations, version=found.version)
    return Cost(found.cost_per_1000, next(one.ms_per_text for one in measured if not one.failure))
