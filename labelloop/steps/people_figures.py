"""What each annotator has done, and how far they agree with the others where nobody saw a prediction."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from statistics import median

from labelloop.domain.human_level import Measured
from labelloop.domain.rounds import AnnotatedTask
from labelloop.domain.tasks import Annotation, Origin
from labelloop.domain.values import Value
from labelloop.state.field_mirror import field_mirror
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import as_measured, closed_round
from labelloop.stats.agreement import model_agreement
from labelloop.steps.verdict_figures import measured
from labelloop.stores.book import Book


@dataclass(frozen=True, slots=True)
class PersonFigures:
    """One annotator, by their number in the labelling tool.

    `tasks` have an answer of theirs, `skipped` none; `seconds` is the median time of an answer, None where no time is
    known. `agreement` is theirs with the others on audit tasks of the newest round that two or more people judged.
    """

    annotator: int
    tasks: int
    skipped: int
    seconds: float | None
    last_active: datetime
    agreement: Measured


def people_figures(book: Book, state: ProjectState) -> tuple[PersonFigures, ...]:
    """Return the figures of everybody who annotated for the field in focus, in order of number."""
    closed = closed_round(book, state, state.round_number) if state.last_round else None
    return figures_of_each(book, state, as_measured(book, state, closed).audit(2) if closed else ())


def figures_of_each(book: Book, state: ProjectState, audit: Sequence[AnnotatedTask]) -> tuple[PersonFigures, ...]:
    """Return the same, with these `audit` tasks to measure their agreement on."""
    given = [one for one in field_mirror(book, state).annotations() if one.origin is not Origin.IMPORTED]
    ordered = sorted(given, key=lambda one: one.annotator_id)
    shares = _with_others(audit)
    grouped = groupby(ordered, key=lambda one: one.annotator_id)
    return tuple(_person(who, list(own), shares.get(who, [])) for who, own in grouped)


def _person(who: int, own: Sequence[Annotation], shares: Sequence[float]) -> PersonFigures:
    answers = [one for one in own if one.value is not None]
    times = [one.lead_time for one in answers if one.lead_time is not None]
    return PersonFigures(
        annotator=who,
        tasks=len({one.task_id for one in answers}),
        skipped=len({one.task_id for one in own if one.skipped}),
        seconds=median(times) if times else None,
        last_active=max(one.judged_at for one in own),
        agreement=measured(shares),
    )


def _with_others(audit: Iterable[AnnotatedTask]) -> dict[int, list[float]]:
    """Return for each person how far they agree with the others, task by task."""
    shares: dict[int, list[float]] = defaultdict(list)
    for task in audit:
        said: dict[int, Value] = {one.annotator_id: one.value for one in task.annotations if one.value is not None}
        for who, value in said.items():
            if others := [other for person, other in said.items() if person != who]:
                shares[who].append(model_agreement(value, others))
    return shares
