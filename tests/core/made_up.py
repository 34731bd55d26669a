"""A made-up project: texts whose words give the label, and people whose judgements are put into the mirror by hand."""

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from labelloop.domain.next_step import Step, next_step
from labelloop.domain.records import Connection, Decision, Fit, SchemaVersion
from labelloop.domain.schema import Field
from labelloop.domain.task_index import open_train
from labelloop.domain.tasks import Annotation, Origin, Role, Task, TaskState
from labelloop.domain.values import Choice, Choices, FieldKind, Value
from labelloop.learners.base import ModelContext
from labelloop.rules import Rules
from labelloop.steps.assign_roles import assign_roles
from labelloop.steps.background_learners import untuned
from labelloop.steps.deploy import decide_round
from labelloop.steps.evaluate import evaluate
from labelloop.steps.fit import fit, tune
from labelloop.steps.give_verdict import give_verdict
from labelloop.steps.order_queue import QueueHead, order_queue, record_publication
from labelloop.steps.workspace import FitFolder
from labelloop.stores.artifacts import Artifacts
from labelloop.stores.book import Book
from labelloop.stores.ledger import Ledger, open_engine
from labelloop.testing import BagOfWords
from tests.core.opened_project import OpenedProject

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIELD = Field("mood", FieldKind.CHOICE, ("good", "bad", "odd"), "text", ("text",))
WORDS = {
    "good": ("lovely", "happy", "sunny", "喜欢"),
    "bad": ("awful", "angry", "broken", "讨厌"),
    "odd": ("purple", "sideways", "quantum", "奇怪"),
}
LABELS = tuple(WORDS)
ENCODE = BagOfWords()
MODELS = ModelContext(ENCODE)
RULES = Rules(round_size=10, monitor_size=20, queue_rounds=2)


def truth(task_id: int) -> str:
    """Return the label that the words of the task's text give."""
    return LABELS[task_id % 3]


def text(task_id: int) -> str:
    """Return the text of a made-up task; no two are equal."""
    words = WORDS[truth(task_id)]
    chosen = [words[task_id // 3 % 4], words[task_id // 12 % 4], words[task_id // 48 % 4]]
    return f"{' '.join(chosen)} number{task_id} day{task_id * 7 % 31}"


def choices(*labels: str) -> Choices:
    """Return a value of several choices."""
    return Choices(frozenset(labels))


class MadeUp:
    """One made-up project with its book, its mirror, and people who judge."""

    def __init__(self, folder: Path, rules: Rules | None = None, field: Field = FIELD, project_id: int = 7) -> None:
        engine = open_engine(f"sqlite:///{folder / 'ledger.sqlite'}")
        self.book = Book(Ledger(engine), Artifacts(str(folder / "artifacts")))
        self.view = OpenedProject(self.book, project_id)
        self.states: dict[int, TaskState] = {}
        self.clock, self.annotation_ids = NOON, 1000
        self.connect(rules or Rules(round_size=10, monitor_size=20))
        self.change_field(field)

    def connect(self, rules: Rules) -> None:
        """Connect the project with these Rules."""
        number = len(self.view.ledger.all(Connection, self.view.id)) + 1
        record = Connection(self.view.id, "made up", rules.model_dump_json(), active=True, created_at=self.tick())
        self.book.record(record, f"connection-{number}")

    def change_field(self, field: Field) -> None:
        """Change the labelling configuration."""
        number = len(self.view.ledger.all(SchemaVersion, self.view.id)) + 1
        record = SchemaVersion(self.view.id, number, "<View/>", field.to_json(), field.digest, created_at=self.tick())
        self.book.record(record, f"schema-{number}")

    def tick(self) -> datetime:
        """Return the next second."""
        self.clock += timedelta(seconds=1)
        return self.clock

    def add(self, tasks: Iterable[int | Task]) -> None:
        """Import tasks, made-up ones by number, and draw their roles."""
        made = [Task(task, text(task)) if isinstance(task, int) else task for task in tasks]
        self.states |= {task.id: TaskState(task, (), self.tick()) for task in made}
        self.view.mirror.put([self.states[task.id] for task in made])
        assign_roles(*self.view.now())

    def judge(
        self,
        tasks: Iterable[int],
        person: int = 1,
        value: Value | str | None = None,
        origin: Origin = Origin.MANUAL,
        skipped: bool = False,
    ) -> None:
        """Let a person judge the tasks: as told, else as their words say."""
        for task in tasks:
            said = truth(task) if value is None else value
            self.annotation_ids += 1
            annotation = Annotation(
                self.annotation_ids,
                task,
                person,
                None if skipped else Choice(said) if isinstance(said, str) else said,
                self.tick(),
                origin,
                skipped=skipped,
            )
            state = self.states[task]
            self.states[task] = replace(state, annotations=(*state.annotations, annotation), updated_at=self.clock)
            self.view.mirror.put([self.states[task]])

    def of(self, role: Role) -> list[int]:
        """Return the tasks of a role, in order of id."""
        return sorted(task for task, drawn in self.view.ledger.roles(self.view.id).items() if drawn is role)

    def untouched(self, count: int) -> list[int]:
        """Return the first TRAIN tasks nobody has judged."""
        return open_train(self.view.state.tasks)[:count]

    def judge_audit(self, people: tuple[int, ...] = (1, 2)) -> None:
        """Let each of the people judge every audit task."""
        for person in people:
            self.judge(self.of(Role.MONITOR), person)


Make = Callable[..., MadeUp]


def due(view: OpenedProject) -> Step | None:
    """Return the step that is due."""
    return next_step(view.progress())


def publish(view: OpenedProject, models: ModelContext = MODELS) -> QueueHead:
    """Order the head of the queue and record it as published."""
    head = order_queue(*view.now(), context=models)
    assert head is not None
    assert record_publication(*view.now(), head)
    return head


def fit_all(view: OpenedProject, number: int, models: ModelContext = MODELS) -> list[Fit]:
    """Fit the quick learners to a round, then the slow ones that the Rules name; return all fits of the round."""
    fit(*view.now(), number, context=models)
    with tempfile.TemporaryDirectory() as work:
        for one in untuned(view.state, llm=False) if view.state.rules.learners else ():
            place = FitFolder(Path(work), view.id, number, one.spec)
            tune(*view.now(), place, models.to_fit(place.made()))
    return view.ledger.all(Fit, view.id, round_number=number)


def turn(view: OpenedProject, models: ModelContext = MODELS) -> Decision:
    """Fit, evaluate, decide, publish and judge the newest round, as the jobs do after a crash before the verdict."""
    last = view.state.last_round
    assert last is not None
    number = last.number
    assert due(view) is Step.FIT
    fit_all(view, number, models)
    assert due(view) is Step.EVALUATE
    evaluate(*view.now(), number, context=models)
    assert due(view) is Step.DEPLOY
    decision = decide_round(*view.now(), number)
    assert due(view) is Step.PUBLISH
    publish(view, models)
    assert due(view) is Step.DEPLOY
    give_verdict(*view.now(), number, context=models)
    assert due(view) is None
    return decision
