"""All that is known of a field's annotators: what each has done, and how they compare."""

from collections.abc import Mapping
from dataclasses import dataclass

from labelloop.domain.human_level import Measured
from labelloop.domain.lookup import newest
from labelloop.domain.promotion import FEWEST_AUDIT_TASKS
from labelloop.domain.records import Evaluation
from labelloop.domain.rounds import Round
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import as_measured, closed_round
from labelloop.steps.evaluate import answers_by_task
from labelloop.steps.gold_figures import GoldFigures, gold_figures
from labelloop.steps.people_figures import PersonFigures, figures_of_each
from labelloop.steps.people_together import (
    Leaning,
    answers_of,
    leanings,
    shown_and_blind,
    two_by_two,
    with_versions,
)
from labelloop.steps.verdict_figures import Anchoring
from labelloop.stores.book import Book

MOST_VERSIONS = 5


@dataclass(frozen=True, slots=True)
class PeopleSeen:
    """A field's annotators, by their number in the labelling tool: those who have an annotation now.

    `pairs` has their agreement two by two, the lesser number first, and `with_versions` that with the newest `versions`
    that have served, both on audit tasks. `shown` tells how they follow predictions that they see; `version` is the one
    that it compares them with where they see none, empty where none was measured. `gold` is how far their check answers
    agree with what was settled before.
    """

    people: tuple[PersonFigures, ...]
    pairs: Mapping[tuple[int, int], Measured]
    versions: tuple[str, ...]
    with_versions: Mapping[tuple[int, str], Measured]
    leanings: tuple[Leaning, ...]
    shown: Mapping[int, Anchoring]
    version: str
    gold: tuple[GoldFigures, ...] = ()


def people_seen(book: Book, state: ProjectState) -> PeopleSeen:
    """Return what is known of everybody who annotated for the field in focus, as of the newest round."""
    number = state.round_number
    closed = (closed_round(book, state, number) if number else None) or Round(number, ())
    counted = as_measured(book, state, closed)
    audit, said = counted.audit(2), answers_of(counted.audit(1))
    versions = _versions_served(state)
    evaluation = _served_after(state, number)
    model = answers_by_task(book, evaluation, state.field.kind) if evaluation else {}
    answers = {one.version: answers_by_task(book, one, state.field.kind) for one in versions}
    people = figures_of_each(book, state, audit)
    known = {one.annotator for one in people}
    leaning = leanings(said.values(), fewest=FEWEST_AUDIT_TASKS)
    return PeopleSeen(
        people=people,
        pairs={pair: found for pair, found in two_by_two(said.values()).items() if known.issuperset(pair)},
        versions=tuple(answers),
        with_versions={cell: found for cell, found in with_versions(said, answers).items() if cell[0] in known},
        leanings=tuple(one for one in leaning if one.annotator in known),
        shown={person: one for person, one in shown_and_blind(closed, said, model).items() if person in known},
        version=evaluation.version if evaluation else "",
        gold=tuple(one for one in gold_figures(book, state) if one.annotator in known),
    )


def _versions_served(state: ProjectState) -> list[Evaluation]:
    """Return the newest evaluations of the versions that served last, oldest version first."""
    served = {one.version for one in state.looped.deployments}
    names = [fit.version for fit in state.looped.versions if fit.version in served]
    found = (newest(state.looped.evaluations, version=name, failure="") for name in names)
    return [one for one in found if one][-MOST_VERSIONS:]


def _served_after(state: ProjectState, number: int) -> Evaluation | None:
    """Return the evaluation of the version that won a round."""
    decision = state.looped.decision(number)
    return state.looped.measured_winner(decision) if decision else None
