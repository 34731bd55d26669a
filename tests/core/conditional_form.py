"""A made-up form of a mood, a reply, and a question that is asked only where the mood is good."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from labelloop.domain.asked import Answer, answers_where_asked
from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Role
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice, Value
from labelloop.export.form_facts import FormFacts, read_released
from labelloop.steps.release import release_is_due, write
from tests.core.certified_form import predicted
from tests.core.form import REPLY, RULES, Form, reply, turn
from tests.core.made_up import FIELD, LABELS, truth

ASKED = LABELS[0]
CHILD = replace(REPLY, name="child", condition=Condition((Requirement(("mood",), (ASKED,)),)))
GRANDCHILD = replace(REPLY, name="grandchild", condition=Condition((Requirement(("child",), ("yes",)),)))


def is_asked(task: int) -> bool:
    """Return whether people are asked the question in a task."""
    return truth(task) == ASKED


def answers(task: int) -> dict[str, Value | None]:
    """Return what people say of a task, by field; None where they are not asked."""
    said = reply(task) if is_asked(task) else None
    return {"mood": Choice(truth(task)), "child": said, "grandchild": said if said == Choice("yes") else None}


def row(task: int) -> dict[str, Answer]:
    """Return the same, with the reason where there is no answer."""
    return {name: Unanswered.NOT_ASKED if said is None else said for name, said in answers(task).items()}


class ConditionalForm(Form):
    """A made-up form in which people answer the question where it is asked; each of the fields has a model."""

    def __init__(self, folder: Path, *fields: Field, tasks: int = 300, labels: int = 60) -> None:
        super().__init__(folder, RULES)
        self.change_fields(*fields or (FIELD, CHILD))
        self.import_tasks(range(1, tasks + 1))
        self.say(self.untouched(labels))
        for person in (1, 2):
            self.say(self.of(Role.MONITOR), person)
        turn(self)

    def say(self, tasks: Iterable[int], person: int = 1, leave_out: tuple[str, ...] = ()) -> None:
        """Let a person answer the tasks truly, but for some fields."""
        for task in tasks:
            self.say_all(task, person, answers(task) | dict.fromkeys(leave_out))

    def say_all(self, task: int, person: int, said: Mapping[str, Answer | None]) -> None:
        """Let a person answer so; where a field has no answer the reason is told, as when annotations are taken in."""
        fields = {one.field.name: one.field for one in self.view.state.fields}
        answers = {name: Unanswered.EMPTY if one is None else one for name, one in said.items() if name in fields}
        super().say_all(task, person, answers_where_asked(fields, answers))


def released(form: Form) -> FormFacts:
    """Predict a release, let a person answer what waits, write it, and return what there is to export."""
    predicted(form)
    form.say(form.view.state.waiting, person=3)
    assert release_is_due(form.view.state)
    write(*form.view.now())
    facts = read_released(*form.view.now())
    assert isinstance(facts, FormFacts)
    return facts
