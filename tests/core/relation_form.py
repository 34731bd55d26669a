"""A made-up project of people, firms and places named in texts, and of who works for whom and where."""

from collections.abc import Iterable
from pathlib import Path

from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.relations import Relation, Relations
from labelloop.domain.schema import Field, Unit
from labelloop.domain.tasks import Task
from labelloop.domain.values import FieldKind, Span, Spans, Value
from labelloop.rules import Rules
from tests.core.form import Form

WHO = Field("who", FieldKind.SPANS, ("Person", "Org"), "text", ("text",))
MARKED = Condition((Requirement(("who",)),))
RELATED = Field(
    "relations", FieldKind.CHOICES, ("works for", "left"), "text", ("text",), condition=MARKED, unit=Unit.PAIR
)
FIELDS = (WHO, RELATED)
NAMES, FIRMS = ("Ada", "Bob", "王小明", "Eva"), ("Acme", "北京公司", "Initech")
WAYS = (
    ("{0} works for {1} now", "works for", True),
    ("{1} hired {0} today", "works for", True),
    ("{0} left {1} at last", "left", True),
    ("{1} sacked {0} again", "left", False),
    ("{0} saw a sign of {1} there", "", True),
    ("{1} was near the house of {0} too", "", True),
)
RULES = Rules(round_size=30, round_growth=0, monitor_size=24, queue_rounds=2, monitor_people=2)


def text(task: int) -> str:
    """Return a text that names a person and a firm; no two are equal."""
    way, _, _ = WAYS[task % len(WAYS)]
    return f"day {task} : {way.format(NAMES[task // 6 % len(NAMES)], FIRMS[task // 24 % len(FIRMS)])} ."


def spans(task: int) -> Spans:
    """Return where the person and the firm stand."""
    whole = text(task)
    parts = ((NAMES[task // 6 % len(NAMES)], "Person"), (FIRMS[task // 24 % len(FIRMS)], "Org"))
    return Spans(frozenset(Span(whole.index(w), whole.index(w) + len(w), label) for w, label in parts))


def related(task: int) -> Relations:
    """Return what the person is to the firm, or the firm to the person."""
    _, label, forwards = WAYS[task % len(WAYS)]
    marked = spans(task).spans
    person, firm = sorted(marked, key=lambda span: span.label != "Person")
    ends = (person, firm) if forwards else (firm, person)
    return Relations(marked, frozenset({Relation(*ends, label)} if label else ()))


def answers(task: int) -> dict[str, Value]:
    """Return what is true of a task, by field."""
    return {"who": spans(task), "relations": related(task)}


class RelationForm(Form):
    """A made-up project of who works for whom."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, RULES)
        self.change_fields(*FIELDS)
        self.add(Task(id_, text(id_)) for id_ in range(1, 145))

    def say(self, tasks: Iterable[int], person: int = 1, leave_out: tuple[str, ...] = ()) -> None:
        """Let a person answer both fields of the tasks, but for some."""
        for task in tasks:
            self.say_all(task, person, answers(task) | dict.fromkeys(leave_out))
