"""Annotators who agree with the others far less than these with each other, where nobody saw a prediction."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from labelloop.domain.human_level import Measured
from labelloop.domain.news import Event, Figure, Kind
from labelloop.domain.rounds import AnnotatedTask
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import as_measured, closed_round
from labelloop.stats.agreement import pairwise_agreement
from labelloop.steps.gold_figures import gold_figures
from labelloop.steps.ledger_news import key
from labelloop.steps.people_figures import people_figures
from labelloop.steps.verdict_figures import measured
from labelloop.stores.book import Book

FEWEST_TASKS = 20
"""With fewer audit tasks nothing is said of anybody."""


@dataclass(frozen=True, slots=True)
class FarBelow:
    """An annotator by number, their agreement with the others, and that of the others with each other."""

    annotator: int
    own: Measured
    others: Measured


def far_below(book: Book, state: ProjectState) -> list[FarBelow]:
    """Return those whose agreement is below that of the others, interval by interval, in the newest round.

    Audit tasks are drawn at random, so the others may be measured on tasks that the annotator never saw. Of two people
    nobody can tell which one is wrong: it takes two others.
    """
    closed = closed_round(book, state, state.round_number) if state.last_round else None
    audit = as_measured(book, state, closed).audit(2) if closed else ()
    found = []
    for person in people_figures(book, state):
        if person.agreement.n >= FEWEST_TASKS:
            others = measured(_among_others(person.annotator, audit))
            if others.n >= FEWEST_TASKS and _is_below(person.agreement, others):
                found.append(FarBelow(person.annotator, person.agreement, others))
    return found


def annotator_news(book: Book, state: ProjectState) -> Iterator[Event]:
    """Yield an event for each annotator and field of the newest round; it names nobody, though its key does.

    Those whose check answers are below the others' have one of their own.
    """
    if state.last_round is None:
        return
    for one in state.in_newest_round:
        for person in far_below(book, one):
            figures: dict[str, Figure] = {"field": one.field_on_record}
            figures |= _figures("agreement", person.own) | _figures("others", person.others)
            name = key(person.annotator, field=one.field_on_record)
            yield Event(Kind.ANNOTATOR, name, state.last_round.created_at, figures, "people")
        for drift in gold_figures(book, one):
            if drift.is_below:
                figures = {"field": one.field_on_record, "gold": True}
                figures |= _figures("agreement", drift.own) | _figures("others", drift.others)
                name = key("gold", drift.annotator, field=one.field_on_record)
                yield Event(Kind.ANNOTATOR, name, state.last_round.created_at, figures, "people")


def _among_others(who: int, audit: Iterable[AnnotatedTask]) -> Sequence[float]:
    shares = []
    for task in audit:
        said = {one.annotator_id: one.value for one in task.annotations if one.value is not None}
        share = pairwise_agreement([said[other] for other in said if other != who])
        if share is not None:
            shares.append(share)
    return shares


def _is_below(own: Measured, others: Measured) -> bool:
    return own.high is not None and others.low is not None and own.high < others.low


def _figures(name: str, found: Measured) -> dict[str, Figure]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high, f"{name}_tasks": found.n}
