"""Decide after a round which version serves, and deploy it."""

from datetime import UTC, datetime

from labelloop.domain.promotion import Comparison, promote
from labelloop.domain.records import Decision, Deployment, Evaluation, Fit
from labelloop.stats.agreement import paired_difference
from labelloop.steps.evaluate import agreement_by_task
from labelloop.steps.project import ProjectView


def decide_round(view: ProjectView, number: int) -> Decision:
    """Apply the promotion rule to a round once, deploy the winner if it is new, and return the decision.

    What a crash left undeployed is deployed when this is run again; a rollback since is respected.
    """
    known = view.ledger.newest(Decision, view.id, round_number=number)
    if known is None:
        decision = _decide(view, number)
        view.book.record(decision, f"decision-{number}", parents=_parents(view, number))
        known = view.ledger.newest(Decision, view.id, round_number=number) or decision
    if not view.has_taken_effect(known):
        deploy(view, known.winner, because=known.because)
    return known


def deploy(view: ProjectView, version: str, *, because: str) -> Deployment:
    """Let a version answer from now on; raises NotFound if there is no such version."""
    fit = view.ledger.version(view.id, version)
    number = len(view.ledger.all(Deployment, view.id)) + 1
    deployment = Deployment(view.id, version, because, datetime.now(UTC))
    view.book.record(deployment, f"deployment-{number}-{version}", parents=(fit.artifact,))
    return deployment


def previous_version(view: ProjectView) -> str | None:
    """Return the version that served before the one that serves now, None if there was none."""
    serving = [deployment.version for deployment in view.ledger.all(Deployment, view.id)]
    others = [version for version in serving if version != serving[-1]] if serving else []
    return others[-1] if others else None


def _decide(view: ProjectView, number: int) -> Decision:
    evaluations = {e.version: e for e in view.ledger.all(Evaluation, view.id, round_number=number)}
    champion = view.ledger.deployed(view.id)
    fits = [fit for fit in view.ledger.all(Fit, view.id, round_number=number) if fit.version]
    challenger = max(fits, key=lambda fit: evaluations[fit.version].agreement or 0.0, default=None)
    winner, because = _winner(view, challenger, champion, evaluations)
    return Decision(
        project_id=view.id,
        round_number=number,
        challenger=challenger.version if challenger else "",
        champion=champion.version if champion else "",
        winner=winner,
        because=because,
        at=datetime.now(UTC),
    )


def _winner(
    view: ProjectView, challenger: Fit | None, champion: Fit | None, evaluations: dict[str, Evaluation]
) -> tuple[str, str]:
    if challenger is None:
        return (champion.version if champion else ""), "no learner could be fitted to this round"
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
    same = challenger.learner == champion.learner
    ratio = 1.0 if same else theirs.ms_per_text / max(ours.ms_per_text, 1e-9)
    wins, because = promote(Comparison(difference.mean, difference.standard_error, difference.n, ratio))
    return (challenger.version if wins else champion.version), because


def _parents(view: ProjectView, number: int) -> tuple[str, ...]:
    return tuple(e.artifact for e in view.ledger.all(Evaluation, view.id, round_number=number))
