"""What a ring costs that finds nothing due: one `collect`, as after most annotations, and the reading of a state in it.

    python -m benchmarks.collect [--tasks 20000,100000] [--labels 2000] [--json]

A made-up project in a temporary folder with its ledger in SQLite, a Valkey of its own, and a Label Studio that is an
object and has nothing new. The encoder counts words. With --json each project's figures are one line of JSON.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Self
from unittest.mock import patch

from sqlalchemy import Engine, event

from labelloop.domain.next_step import next_step
from labelloop.domain.records import Connection
from labelloop.domain.task_index import open_train
from labelloop.domain.tasks import Role
from labelloop.learners.base import ModelContext
from labelloop.log import configure_logging
from labelloop.rules import Rules
from labelloop.state.load import load
from labelloop.state.progress import progress
from labelloop.steps.order_queue import order_queue, record_publication
from labelloop.stores.book import Book
from labelloop.testing import BagOfWords
from sync.api.wire import WireAnnotation, WireProject, WireTask
from workers.jobs import loop as jobs
from workers.jobs.app_context import open_context
from workers.local.redis import start_redis
from workers.local.stack import Stack

PROJECT = 1
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONFIG = """<View><Text name="text" value="$text"/><Choices name="mood" toName="text" choice="single">
<Choice value="good"/><Choice value="bad"/></Choices></View>"""
WORDS = (("lovely", "good"), ("awful", "bad"))
# The queue's order costs nothing then, and a round's size leaves some labels until the next.
RULES = Rules(strategy="random", learners=("logistic",), monitor_size=100)
NEW_LABELS = 10
TIMES = 5


@dataclass(frozen=True, slots=True)
class Figures:
    """The most SQL statements, and the median seconds, of each: see benchmarks/README.md."""

    tasks: int
    labels: int
    idle_sql: int
    idle_s: float
    one_label_sql: int
    one_label_s: float
    load_sql: int
    load_s: float
    progress_sql: int
    progress_s: float


class QuietLabelStudio:
    """Label Studio with one project, as far as a collection asks it: its methods are those of the client."""

    def __init__(self, tasks: int) -> None:
        self.now = NOW
        self.stored = {i: WireTask(id=i, data={"text": _text(i)}, updated_at=NOW) for i in range(1, tasks + 1)}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def annotate(self, task_id: int, person: int) -> None:
        """Let a person label a task as its words say, a minute after the label before."""
        self.now += timedelta(minutes=1)
        region = {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [_label(task_id)]}}
        said = WireAnnotation(
            id=10 * task_id + person,
            completed_by=person,
            updated_by=person,
            result=[region],
            created_at=self.now,
            updated_at=self.now,
        )
        task = self.stored[task_id]
        changes = {"annotations": [*task.annotations, said], "updated_at": self.now}
        self.stored[task_id] = task.model_copy(update=changes)

    def project(self, project_id: int) -> WireProject:
        """Return the project."""
        return WireProject(id=project_id, label_config=CONFIG, model_version="")

    def counts(self, _: int) -> tuple[int, int]:
        """Return how many tasks and annotations there are."""
        return len(self.stored), sum(len(task.annotations) for task in self.stored.values())

    def clock(self) -> datetime:
        """Return what its clock says."""
        return self.now

    def task_pages(self, _: int, *, annotated: str = "") -> Iterator[list[WireTask]]:
        """Yield every task with that word in what people said, in one page."""
        found = self.stored.values()
        yield [task for task in found if annotated in str([said.result for said in task.annotations])]

    def changed(self, _: int, since: datetime | None) -> dict[int, datetime]:
        """Return when each task that changed since then last changed."""
        return {task.id: task.updated_at for task in self.stored.values() if since is None or task.updated_at >= since}

    def tasks(self, _: int, ids: Sequence[int]) -> list[WireTask]:
        """Return some of the tasks."""
        return [self.stored[task_id] for task_id in ids]


def main() -> None:
    """Run the benchmark and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", default="20000,100000", help="how many tasks the project has; several, by comma")
    parser.add_argument("--labels", type=int, default=2000, help="how many of them are labelled")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each project")
    options = parser.parse_args()
    configure_logging("WARNING")
    for tasks in map(int, options.tasks.split(",")):
        with tempfile.TemporaryDirectory(prefix="labelloop-") as folder:
            found = measure(Path(folder), tasks, options.labels)
        if options.json:
            print(json.dumps(asdict(found)))
            continue
        for name, value in asdict(found).items():
            print(f"{name:13} {value:>10,.3f}" if isinstance(value, float) else f"{name:13} {value:>10,}")


def measure(folder: Path, tasks: int, labels: int) -> Figures:
    """Bring a made-up project of so many tasks to where the next move is people's, and ring its bell."""
    studio = QuietLabelStudio(tasks)
    with Stack() as stack, _stand_ins(studio):
        valkey = stack.start(lambda: start_redis(folder / "valkey"))
        os.environ |= {"LABELLOOP_DATA_DIR": str(folder / "data"), "LABELLOOP_REDIS_URL": valkey.url}
        with open_context() as context:
            prepare(context.book, studio, labels)
            idle = _cost(lambda: jobs.collect(PROJECT))
            reading = _cost(lambda: load(context.book, PROJECT))
            state = load(context.book, PROJECT)
            looking = _cost(lambda: progress(state))
            left = iter(open_train(state.tasks))
            one = _cost(lambda: jobs.collect(PROJECT), before=lambda: studio.annotate(next(left), 1))
            if next_step(progress(load(context.book, PROJECT))) is not None:
                raise RuntimeError("Something was due: these are not the figures of a collection that finds nothing.")
    return Figures(tasks, labels, *idle, *one, *reading, *looking)


def prepare(book: Book, studio: QuietLabelStudio, labels: int) -> None:
    """Connect, label, close a round and publish its model's queue; then label some more, too few for another round."""
    book.record(Connection(PROJECT, "made up", RULES.model_dump_json(), active=True, created_at=NOW), "connection-1")
    jobs.collect(PROJECT)
    for person in (1, 2):
        for task_id in sorted(load(book, PROJECT).tasks.of(Role.MONITOR)):
            studio.annotate(task_id, person)
    for task_id in open_train(load(book, PROJECT).tasks)[:labels]:
        studio.annotate(task_id, 1)
    for job in (
        jobs.collect,
        partial(jobs.fit, number=1),
        partial(jobs.evaluate, number=1),
        partial(jobs.deploy, number=1),
    ):
        job(PROJECT)
    state = load(book, PROJECT)
    head = order_queue(book, state, context=ModelContext(BagOfWords()))
    assert head is not None
    record_publication(book, state, head)
    for task_id in open_train(state.tasks)[:NEW_LABELS]:
        studio.annotate(task_id, 1)
    jobs.collect(PROJECT)


@contextmanager
def _stand_ins(studio: QuietLabelStudio) -> Iterator[None]:
    with (
        patch("workers.jobs.app_context.open_label_studio", lambda _: studio),
        patch("workers.jobs.models_of_settings.load_encoder", lambda _: BagOfWords()),
    ):
        yield


def _cost(look: Callable[[], object], before: Callable[[], object] = lambda: None) -> tuple[int, float]:
    """Return the most SQL statements that a look took, and its median seconds."""
    statements: list[int] = []
    seconds: list[float] = []
    for _ in range(TIMES):
        before()
        with counted_sql() as asked:
            started = time.perf_counter()
            look()
            seconds.append(time.perf_counter() - started)
        statements.append(len(asked))
    return max(statements), median(seconds)


@contextmanager
def counted_sql() -> Iterator[list[str]]:
    """Yield a list that fills with the SQL statements that are sent meanwhile, by whatever engine."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _label(task_id: int) -> str:
    return WORDS[task_id % 2][1]


def _text(task_id: int) -> str:
    return f"{WORDS[task_id % 2][0]} number{task_id} " + " ".join(f"word{task_id * k % 997}" for k in range(2, 18))


if __name__ == "__main__":
    main()
