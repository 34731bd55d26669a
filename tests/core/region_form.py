"""A made-up project of people named in texts: who they are, and of each how they feel and how sure that is."""

from collections.abc import Iterable
from pathlib import Path

from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.schema import Field, Unit
from labelloop.domain.tasks import Task
from labelloop.domain.values import ByRegion, Choice, FieldKind, Rating, Span, Spans, Value
from labelloop.rules import Rules
from tests.core.form import Form
from tests.core.made_up import WORDS, truth

WHO = Field("who", FieldKind.SPANS, ("Person", "Place"), "text", ("text",))
PERSONS = Condition((Requirement(("who",), ("Person",)),))
MOOD = Field("心情", FieldKind.CHOICE, ("good", "bad", "odd"), "text", ("text",), condition=PERSONS, unit=Unit.REGION)
SURE = Field("sure", FieldKind.RATING, tuple("12345"), "text", ("text",), condition=PERSONS, unit=Unit.REGION)
FIELDS = (WHO, MOOD, SURE)
NAMES, PLACES = ("Ada", "Bob", "王小明", "Eva"), ("Brno", "北京", "Oslo")
RULES = Rules(round_size=12, round_growth=0, monitor_size=16, queue_rounds=2, monitor_people=2)


def text(task: int) -> str:
    """Return a text that names a person and a place; no two are equal."""
    words = WORDS[truth(task)]
    name, place = NAMES[task % len(NAMES)], PLACES[task % len(PLACES)]
    return f"day {task} : {name} felt {words[task // 3 % 4]} and {words[task // 12 % 4]} in {place} ."


def spans(task: int) -> Spans:
    """Return where the person and the place stand."""
    whole, name, place = text(task), NAMES[task % len(NAMES)], PLACES[task % len(PLACES)]
    parts = ((name, "Person"), (place, "Place"))
    return Spans(frozenset(Span(whole.index(w), whole.index(w) + len(w), label) for w, label in parts))


def person(task: int) -> Span:
    """Return where the person stands."""
    return next(span for span in spans(task).spans if span.label == "Person")


def mood(task: int, label: str = "") -> ByRegion:
    """Return how the person feels, or as told."""
    return ByRegion.of(FieldKind.CHOICE, {person(task): Choice(label or truth(task))})


def answers(task: int) -> dict[str, Value]:
    """Return what is true of a task, by field."""
    sure = ByRegion.of(FieldKind.RATING, {person(task): Rating(1 + ["good", "bad", "odd"].index(truth(task)) * 2)})
    return {"who": spans(task), "心情": mood(task), "sure": sure}


class RegionForm(Form):
    """A made-up project of people named in texts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, RULES)
        self.change_fields(*FIELDS)
        self.import_tasks(range(1, 121))

    def import_tasks(self, ids: Iterable[int]) -> None:
        """Import tasks by number."""
        self.add(Task(id_, text(id_)) for id_ in ids)

    def say(self, tasks: Iterable[int], person: int = 1, leave_out: tuple[str, ...] = ()) -> None:
        """Let a person answer every field of the tasks, but for some."""
        for task in tasks:
            self.say_all(task, person, answers(task) | dict.fromkeys(leave_out))
