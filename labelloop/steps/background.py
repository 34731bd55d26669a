"""Which learners are tuned in the background after a round, and what is left of that to do."""

from labelloop.domain.ladder import Candidate, background_learners
from labelloop.domain.records import ClosedRound, Fit
from labelloop.machine import cores, has_gpu
from labelloop.plugins import is_background
from labelloop.steps.project import ProjectView


def in_background(view: ProjectView, closed: ClosedRound) -> tuple[Candidate, ...]:
    """Return the slow learners that compete after a round: those that the Rules name, else those worth it here."""
    budget = 60.0 * view.rules.fit_minutes
    if view.rules.learners:
        return tuple(Candidate(recipe, budget) for recipe in view.rules.learners if is_background(recipe))
    field = view.field
    found = background_learners(
        field.kind, labels=closed.train, classes=len(field.labels), cores=cores(), gpu=has_gpu()
    )
    return tuple(Candidate(one.recipe, min(one.seconds, budget)) for one in found)


def untuned(view: ProjectView) -> list[Candidate]:
    """Return the slow learners that have not been fitted to the newest round; older rounds are not caught up with."""
    last = view.last_round
    if last is None:
        return []
    done = {fit.learner for fit in view.ledger.all(Fit, view.id, round_number=last.number)}
    return [one for one in in_background(view, last) if one.recipe not in done]
