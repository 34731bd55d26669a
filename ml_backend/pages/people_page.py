"""The page of people: what each annotator has done, and how they agree with others and with versions; no ranks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Response

from labelloop.domain.promotion import FEWEST_AUDIT_TASKS
from labelloop.steps.gold_figures import FEWEST_CHECKS, GoldFigures
from labelloop.steps.people_figures import PersonFigures
from labelloop.steps.people_seen import PeopleSeen
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.page_texts import Texts
from ml_backend.pages.people_heat import STEPS, heat

FEWEST_TASKS = FEWEST_AUDIT_TASKS
"""With fewer audit tasks nothing is said of a person's agreement."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class PersonView:
    """An annotator as pages show them: what they are called, in few characters too, and their figures.

    `number` is None where nobody is to know who it is, and where `called` tells it.
    """

    called: str
    short: str
    number: int | None
    figures: PersonFigures


def people_page(desk: Desk, project: int, field: str, *, hidden: bool) -> Response:
    """Return the page, with letters in place of people if wanted `hidden`; raises NotConnected or NotFound."""
    found, t = desk.people.of((project, field)), spoken()
    seen = found.seen
    views = person_views(seen, {} if hidden else desk.names.known, t, hidden=hidden)
    called = {view.figures.annotator: view.called for view in views}
    return desk.page(
        "people.html",
        project=project,
        title=found.title,
        fields=found.fields,
        field=found.field,
        people=views,
        by_number={view.figures.annotator: view for view in views},
        heat=heat(seen, list(called), called.__getitem__, fewest=FEWEST_TASKS),
        steps=[t.share(step) for step in STEPS],
        leanings=seen.leanings,
        clear=[one for one in seen.leanings if one.is_clear],
        version=seen.version,
        shown={person: one for person, one in seen.shown.items() if one.shown.n},
        gold=[(one, standing(one, t)) for one in seen.gold],
        fewest_checks=FEWEST_CHECKS,
        hidden=hidden,
        fewest=FEWEST_TASKS,
    )


def standing(one: GoldFigures, t: Texts) -> str:
    """Return in words how an annotator's check answers compare with the others'."""
    if one.is_below:
        return t("gold_below", high=t.share(one.own.high), others=t.share(one.others.low))
    return t("gold_few" if min(one.own.n, one.others.n) < FEWEST_CHECKS else "gold_level")


def person_views(seen: PeopleSeen, names: Mapping[int, str], t: Texts, *, hidden: bool) -> list[PersonView]:
    """Return the annotators in order of number, by name where it is known; `hidden` by letter, most tasks first."""
    if hidden:
        ordered = sorted(seen.people, key=lambda one: -one.tasks)
        return [
            PersonView(t("annotator_letter", letter=letters(place)), letters(place), None, one)
            for place, one in enumerate(ordered)
        ]
    return [_named(one, names.get(one.annotator, ""), t) for one in seen.people]


def letters(place: int) -> str:
    """Return the letters of a place, from 0 on.

    >>> letters(0), letters(25), letters(26), letters(702)
    ('A', 'Z', 'AA', 'AAA')
    """
    before, last = divmod(place, len(LETTERS))
    return (letters(before - 1) if before else "") + LETTERS[last]


def unnamed(people: Sequence[PersonFigures], t: Texts) -> list[PersonView]:
    """Return annotators of whom nothing tells who they are, those with most tasks first."""
    ordered = sorted(people, key=lambda one: -one.tasks)
    return [PersonView(t("somebody"), "", None, one) for one in ordered]


def _named(one: PersonFigures, name: str, t: Texts) -> PersonView:
    short = f"#{one.annotator}"
    if not name:
        return PersonView(t("annotator_number", number=one.annotator), short, None, one)
    return PersonView(name, short, one.annotator, one)
