"""A project that has been through rounds, made by the real steps without Label Studio."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from labelloop.domain.records import Connection
from labelloop.domain.tasks import Annotation, Role, Task, TaskState
from labelloop.domain.values import Choice
from labelloop.learners.base import ModelContext
from labelloop.rules import Rules
from labelloop.steps.assign_roles import assign_roles
from labelloop.steps.close_round import close_round
from labelloop.steps.deploy import decide_round
from labelloop.steps.evaluate import evaluate
from labelloop.steps.fit import fit
from labelloop.steps.give_verdict import give_verdict
from labelloop.steps.order_queue import order_queue, record_publication
from labelloop.stores.book import Book
from labelloop.testing import BagOfWords
from tests.cli.conftest import CONFIG
from tests.core.opened_project import OpenedProject
from workers.jobs.label_studio_sync import record_schema
from workers.jobs.looped_fields import looped_fields

START = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = [f"{('lovely', 'awful', '还行')[n % 3]} day number {n}" for n in range(60)]
RULES = Rules(round_size=8, monitor_size=10, queue_rounds=2)


def played(book: Book, project_id: int = 7, rounds: int = 2) -> OpenedProject:
    """Return a connected project after so many rounds: ten new labels each, audit tasks judged by two people."""
    view = OpenedProject(book, project_id)
    connection = Connection(project_id, "Wetter 🙂", RULES.model_dump_json(), active=True, created_at=datetime.now(UTC))
    record_schema(book, project_id, None, CONFIG, looped_fields(CONFIG, RULES, project_id))
    book.record(connection, "connection-1")
    view.mirror.put([TaskState(Task(n + 1, text), (), START) for n, text in enumerate(TEXTS)])
    assign_roles(*view.now())
    publish(view)
    for number in range(1, rounds + 1):
        judge(view, number)
        play(view)
    return view


def judge(view: OpenedProject, number: int) -> None:
    """Let people judge ten TRAIN tasks that nobody has judged, and in the first round every audit task."""
    roles = view.ledger.roles(view.id)
    train = sorted(task for task, role in roles.items() if role is Role.TRAIN)[10 * (number - 1) : 10 * number]
    audit = sorted(task for task, role in roles.items() if role is Role.MONITOR) if number == 1 else []
    tasks = view.mirror.tasks()
    view.mirror.put([_judged(tasks[task], (1,)) for task in train] + [_judged(tasks[task], (1, 2)) for task in audit])


def play(view: OpenedProject) -> None:
    """Close a round and do what is due after it."""
    closed = close_round(*view.now(), asked=True)
    assert closed is not None
    encode = BagOfWords()
    fit(*view.now(), closed.number, context=ModelContext(encode))
    evaluate(*view.now(), closed.number, context=ModelContext(encode))
    decide_round(*view.now(), closed.number)
    give_verdict(*view.now(), closed.number, context=ModelContext(encode))
    publish(view)


def publish(view: OpenedProject) -> None:
    """Record a publication as if it had been pushed."""
    head = order_queue(*view.now(), context=ModelContext(BagOfWords()))
    assert head is not None
    record_publication(*view.now(), head)


def _judged(task: Task, people: Sequence[int]) -> TaskState:
    label = {"lovely": "good", "awful": "bad", "还行": "还行"}[task.text.split()[0]]
    said = tuple(
        Annotation(10 * task.id + who, task.id, who, Choice(label), START + timedelta(minutes=task.id))
        for who in people
    )
    return TaskState(task, said, START + timedelta(minutes=task.id))
