"""A made-up project of a form: a text with its mood and topics, and an answer that says yes or no."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from labelloop.domain.asked import Answer
from labelloop.domain.schema import Field, fields_json
from labelloop.domain.tasks import INPUT_BREAK, Annotation, Task
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice, Choices, FieldKind, Value
from labelloop.rules import Rules
from labelloop.steps.close_round import close_round
from labelloop.steps.deploy import decide_round
from labelloop.steps.evaluate import evaluate
from labelloop.steps.fit import fit
from labelloop.steps.give_verdict import give_verdict
from tests.core.made_up import MODELS, MadeUp, text, truth

TOPICS = Field("主题", FieldKind.CHOICES, ("even", "odd", "第三"), "text", ("text",))
REPLY = Field("reply", FieldKind.CHOICE, ("yes", "no"), "answer", ("answer",))
RULES = Rules(round_size=10, monitor_size=20, queue_rounds=2)


def topics(task: int) -> Choices:
    """Return the topics of a made-up task."""
    return Choices(frozenset({"even" if task % 3 == 0 else "odd", *(["第三"] if task % 3 == 1 else [])}))


def reply(task: int) -> Choice:
    """Return what the answer of a made-up task says."""
    return Choice("yes" if task % 2 else "no")


def answers(task: int) -> dict[str, Value]:
    """Return what is true of a made-up task, by field."""
    return {"mood": Choice(truth(task)), "主题": topics(task), "reply": reply(task)}


class Form(MadeUp):
    """A made-up project of a form: a text with its mood and topics, and an answer that says yes or no."""

    def change_fields(self, *fields: Field) -> None:
        """Change the labelling configuration to these fields; what is read of tasks follows it."""
        self.change_field(replace(fields[0]))  # a schema number of its own, replaced at once by that of all
        number = len(self.view.state.schemas) + 1
        record = replace(
            self.view.state.schemas[-1], number=number, field=fields_json(fields), created_at=self.tick(), artifact=""
        )
        self.book.record(record, f"schema-{number}")

    def import_tasks(self, ids: Iterable[int]) -> None:
        """Import tasks whose text is made of what the fields read."""
        self.add(Task(id_, INPUT_BREAK.join((text(id_), f"{reply(id_).label} indeed {id_}"))) for id_ in ids)

    def say(self, tasks: Iterable[int], person: int = 1, leave_out: tuple[str, ...] = ()) -> None:
        """Let a person answer every field of the tasks, but for some."""
        for task in tasks:
            self.say_all(task, person, answers(task) | dict.fromkeys(leave_out))

    def say_all(self, task: int, person: int, said: Mapping[str, Answer | None]) -> None:
        """Let a person answer the fields of a task so, or not at all for a reason."""
        self.annotation_ids += 1
        now = self.tick()
        given = tuple(
            Annotation(self.annotation_ids, task, person, None, now, unanswered=one, field=name)
            if isinstance(one, Unanswered)
            else Annotation(self.annotation_ids, task, person, one, now, field=name)
            for name, one in said.items()
        )
        state = self.states[task]
        self.states[task] = replace(state, annotations=(*state.annotations, *given), updated_at=now)
        self.view.mirror.put([self.states[task]])


def turn(form: Form) -> None:
    """Close a round and take it to its verdicts."""
    book = form.book
    assert close_round(*form.view.now()) is not None
    number = form.view.state.round_number
    for step in (fit, evaluate):
        for one in form.view.state.by_field:
            step(book, one, number, context=MODELS)
    for one in form.view.state.by_field:
        decide_round(book, one, number)
    for one in form.view.state.by_field:
        give_verdict(book, one, number, context=MODELS)
