"""Decide after a round which version serves, and deploy it."""

from datetime import UTC, datetime

from labelloop.domain.candidates import candidates, undecided
from labelloop.domain.promotion import Comparison, Cost, challenger_among, cost_ratio, promote
from labelloop.domain.records import Decision, Deployment, Evaluation, Fit
from labelloop.stats.agreement import paired_difference
from labelloop.steps.background import untuned
from labelloop.steps.evaluate import agreement_by_task
from labelloop.steps.project import ProjectView

UNMEASURED = "not measured yet: it answers before the first label"


def decide_round(view: ProjectView, number: int) -> Decision:
    """Apply the promotion rule to a round, deploy the winner if it is new, and return the newest decision.

    It is applied once, and once more for candidates that came late. What a crash left undeployed is deployed when this
    is run again; a rollback since is respected.
    """
    known = _take_effect(view, view.ledger.newest(Decision, view.id, round_number=number))
    new = _decide(view, number, known)
    if new is not None:
        view.book.record(new, f"decision-{number}-{new.challenger or 'none'}", parents=_parents(view, number))
        known = _take_effect(view, view.ledger.newest(Decision, view.id, round_number=number))
    assert known is not None
    return known


def _take_effect(view: ProjectView, decision: Decision | None) -> Decision | None:
    if decision is not None and not view.has_taken_effect(decision):
        deploy(view, decision.winner, because=decision.because)
    return decision


def deploy(view: ProjectView, version: str, *, because: str) -> Deployment:
    """Let a version answer from now on; raises NotFound if there is no such version."""
    fit = view.ledger.version(view.id, version)
    number = len(view.ledger.all(Deployment, view.id)) + 1
    deployment = Deployment(view.id, version, because, datetime.now(UTC))
    view.book.record(deployment, f"deployment-{number}-{version}", parents=(fit.artifact,))
    return deployment


def deploy_first(view: ProjectView) -> Deployment | None:
    """Let the version that was fitted before the first label answer, unless another came first; None then."""
    fit = view.first_version
    return deploy(view, fit.version, because=UNMEASURED) if fit else None


def previous_version(view: ProjectView) -> str | None:
    """Return the version that served before the one that serves now, None if there was none."""
    serving = [deployment.version for deployment in view.ledger.all(Deployment, view.id)]
    others = [version for version in serving if version != serving[-1]] if serving else []
    return others[-1] if others else None


def _decide(view: ProjectView, number: int, before: Decision | None) -> Decision | None:
    measured = view.ledger.all(Evaluation, view.id, round_number=number)
    competing = candidates(view.ledger.all(Fit, view.id), view.ledger.all(Evaluation, view.id), number)
    new = undecided(competing, measured, before)
    if before is not None and not new:
        return None
    champion = view.ledger.deployed(view.id)
    if before is None and champion is not None and champion.round_number == 0:
        new.pop(champion.version, None)  # served since before it could be measured: it is no challenger
    challenger = _challenger([fit for fit in competing if fit.version in new], new)
    if challenger is None:
        winner, because = champion.version if champion else "", _why_none(view, measured)
    else:
        late = before is not None or challenger.round_number < number
        evaluations = {found.version: found for found in measured if not found.failure}
        winner, because = _winner(view, challenger, champion, evaluations, late=late)
        if late:
            learned = f"{challenger.version}, fitted to round {challenger.round_number} with {challenger.labels} labels"
            because = f"{learned}, came late: {because}"
    return Decision(
        project_id=view.id,
        round_number=number,
        challenger=challenger.version if challenger else "",
        champion=champion.version if champion else "",
        winner=winner,
        because=because,
        # not before what it decides on, whatever the clocks of two machines say: else it would be taken again
        at=max([datetime.now(UTC), *(found.at for found in measured)]),
    )


def _challenger(fits: list[Fit], measured: dict[str, Evaluation]) -> Fit | None:
    if not fits:
        return None
    found = [measured[fit.version] for fit in fits]
    return fits[challenger_among([(one.agreement or 0.0, one.cost_per_1000) for one in found])]


def _why_none(view: ProjectView, measured: list[Evaluation]) -> str:
    if failures := [f"{found.version} could not be evaluated: {found.failure}" for found in measured if found.failure]:
        return "; ".join(failures)
    if waiting := [one.recipe for one in untuned(view)]:
        return f"{', '.join(waiting)} will come late, and no other learner could be fitted to this round"
    return "no learner could be fitted to this round"


def _winner(
    view: ProjectView, challenger: Fit, champion: Fit | None, evaluations: dict[str, Evaluation], *, late: bool
) -> tuple[str, str]:
    if champion is None:
        return challenger.version, "the first model"
    if champion.version == challenger.version:
        return champion.version, "it serves already"
    ours, theirs = evaluations[challenger.version], evaluations.get(champion.version)
    if theirs is None:
        return challenger.version, f"{champion.version} could not be evaluated"
    one, other = agreement_by_task(view.book, ours), agreement_by_task(view.book, theirs)
    common = one.index.intersection(other.index)
    difference = paired_difference(one[common].to_numpy(), other[common].to_numpy())
    ratio = cost_ratio(_cost(view, ours), _cost(view, theirs), same_learner=challenger.learner == champion.learner)
    more = not late or challenger.labels > champion.labels
    wins, because = promote(Comparison(difference.mean, difference.standard_error, difference.n, ratio, more))
    return (challenger.version if wins else champion.version), because


def _cost(view: ProjectView, found: Evaluation) -> Cost:
    # The time that it took when it was new: later an LLM's answers to the same tasks come from the cache.
    measured = view.ledger.all(Evaluation, view.id, version=found.version)
    return Cost(found.cost_per_1000, next(one.ms_per_text for one in measured if not one.failure))


def _parents(view: ProjectView, number: int) -> tuple[str, ...]:
    return tuple(e.artifact for e in view.ledger.all(Evaluation, view.id, round_number=number))
