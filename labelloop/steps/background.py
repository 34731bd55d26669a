"""Which learners are tuned in the background after a round, or before the first, and what is left of that to do."""

from labelloop.domain.ladder import Candidate, background_learners
from labelloop.domain.records import ClosedRound, Fit, Publication
from labelloop.machine import cores, has_gpu
from labelloop.plugins import is_background, needs_labels
from labelloop.settings import Settings
from labelloop.steps.project import ProjectView


def in_background(view: ProjectView, closed: ClosedRound | None) -> tuple[Candidate, ...]:
    """Return the slow learners that compete after a round: those that the Rules name, else those worth it here.

    Before the first round they are those of them that need no labels.
    """
    named = view.rules.learners
    found = _named(view) if named else _worth_it(view, closed.train if closed else 0)
    return tuple(one for one in found if closed or not needs_labels(one.recipe))


def untuned(view: ProjectView) -> list[Candidate]:
    """Return the slow learners that have not been fitted to the newest round; older rounds are not caught up with.

    Before the first round it is the one that is to answer before the first label, if there is one.
    """
    last = view.last_round
    number = last.number if last else 0
    fits = view.ledger.all(Fit, view.id, round_number=number)
    done = {fit.learner for fit in fits}
    left = [one for one in in_background(view, last) if one.recipe not in done]
    return left if last else left[:1] if _lacks_first_answers(view, fits) else []


def _lacks_first_answers(view: ProjectView, fits: list[Fit]) -> bool:
    # Only once people have a queue: it is not held up, and the texts at its head are those that are asked about.
    if not view.rules.pre_annotate or view.ledger.newest(Publication, view.id) is None:
        return False
    return view.ledger.deployed(view.id) is None and not any(fit.version for fit in fits)


def _named(view: ProjectView) -> tuple[Candidate, ...]:
    budget = 60.0 * view.rules.fit_minutes
    return tuple(Candidate(recipe, budget) for recipe in view.rules.learners if is_background(recipe))


def _worth_it(view: ProjectView, labels: int) -> tuple[Candidate, ...]:
    field, budget = view.field, 60.0 * view.rules.fit_minutes
    found = background_learners(
        field.kind,
        labels=labels,
        classes=len(field.labels),
        cores=cores(),
        gpu=has_gpu(),
        llm=Settings().has_llm,
    )
    return tuple(Candidate(one.recipe, min(one.seconds, budget)) for one in found)
