"""Which learners are tuned in the background after a round, or before the first, and what is left of that to do."""

from labelloop.domain.default_learners import BackgroundLearner, background_learners
from labelloop.hardware import cores, has_gpu
from labelloop.plugins import is_background, needs_labels
from labelloop.state.field_learners import named_learners
from labelloop.state.project_state import ProjectState


def in_background(state: ProjectState, *, llm: bool) -> tuple[BackgroundLearner, ...]:
    """Return the slow learners that compete after the newest round: those that the Rules name, else those worth it.

    Before the first round they are those of them that need no labels. `llm` tells whether an LLM is set up.
    """
    closed = state.last_round
    found = _named(state) if named_learners(state) else _worth_it(state, closed.train if closed else 0, llm=llm)
    return tuple(one for one in found if closed or not needs_labels(one.spec))


def untuned(state: ProjectState, *, llm: bool) -> list[BackgroundLearner]:
    """Return the slow learners that have not been fitted to the newest round; older rounds are not caught up with.

    Before the first round it is the one that is to answer before the first label, if there is one.
    """
    number = state.round_number
    if not state.is_in_newest_round:
        return []
    left = [one for one in in_background(state, llm=llm) if not state.looped.is_fitted(number, one.spec)]
    return left if number else left[:1] if _lacks_first_answers(state) else []


def _lacks_first_answers(state: ProjectState) -> bool:
    # Only once people have a queue: it is not held up, and the texts at its head are those that are asked about.
    if not state.rules.pre_annotate or not state.publications:
        return False
    return not state.looped.deployments and state.first_version is None


def _named(state: ProjectState) -> tuple[BackgroundLearner, ...]:
    budget = 60.0 * state.rules.fit_minutes
    return tuple(BackgroundLearner(spec, budget) for spec in named_learners(state) if is_background(spec))


def _worth_it(state: ProjectState, labels: int, *, llm: bool) -> tuple[BackgroundLearner, ...]:
    field, budget = state.field, 60.0 * state.rules.fit_minutes
    found = background_learners(
        field.kind,
        labels=labels,
        classes=len(field.labels),
        cores=cores(),
        gpu=has_gpu(),
        llm=llm and not field.is_about_pairs,
    )
    return tuple(BackgroundLearner(one.spec, min(one.seconds, budget)) for one in found)
