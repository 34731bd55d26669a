"""How fast, and in how much memory, a large pool is released: the steps themselves, without Label Studio.

    python -m benchmarks.release [--tasks 100000] [--json]

A made-up project in a temporary folder: people label a few tasks and all that the certificate and the release ask for.
The encoder counts words, so that its time is left out. With --json the figures are one line of JSON.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from labelloop.domain.next_step import next_step
from labelloop.domain.records import Connection, SchemaVersion
from labelloop.domain.schema import Field
from labelloop.domain.task_index import open_train
from labelloop.domain.tasks import Annotation, Role, Task, TaskState
from labelloop.domain.values import Choice, FieldKind
from labelloop.learners.base import ModelContext
from labelloop.log import configure_logging
from labelloop.rules import Rules
from labelloop.state.load import load
from labelloop.state.progress import progress
from labelloop.steps.assign_roles import assign_roles
from labelloop.steps.certify import certify, start_attempt
from labelloop.steps.close_round import close_round
from labelloop.steps.deploy import decide_round
from labelloop.steps.evaluate import evaluate
from labelloop.steps.fit import fit
from labelloop.steps.give_verdict import give_verdict
from labelloop.steps.release import answer_chunk, order_release, write
from labelloop.stores.artifacts import Artifacts
from labelloop.stores.book import Book
from labelloop.stores.ledger import Ledger, open_engine
from labelloop.testing import BagOfWords

PROJECT = 1
NOW = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = {"good": ("lovely", "happy", "sunny"), "bad": ("awful", "angry", "broken"), "odd": ("purple", "sideways")}
LABELS = tuple(WORDS)
FIELD = Field("mood", FieldKind.CHOICE, LABELS, "text", ("text",))
BATCH = 5000


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds by step; `tasks_per_s` is all tasks over the seconds of predicting, looking and writing together.

    `look_s` is one look at what is due next, as after every annotation. `memory_mb` is by how much the process of the
    release grew at its peak, in MiB.
    """

    tasks: int
    by_model: int
    predict_s: float
    look_s: float
    write_s: float
    tasks_per_s: float
    memory_mb: float


def main() -> None:
    """Run the benchmark and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", type=int, default=100_000, help="how many tasks the project has")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    options = parser.parse_args()
    configure_logging("WARNING")
    with tempfile.TemporaryDirectory(prefix="labelloop-") as folder:
        found = measure(Path(folder), options.tasks)
    if options.json:
        print(json.dumps(asdict(found)))
        return
    for name, value in asdict(found).items():
        print(f"{name:12} {value:>10,.1f}" if isinstance(value, float) else f"{name:12} {value:>10,}")


def measure(folder: Path, tasks: int) -> Figures:
    """Certify a made-up project of so many tasks in another process, and release it in this one."""
    with ProcessPoolExecutor(1, get_context("spawn")) as other:
        other.submit(prepare, folder, tasks).result()
        seconds: dict[str, float] = {}
        before = _peak_mb()
        with opened(folder) as book:
            with _timed(seconds, "predict"):
                order_release(book, load(book, PROJECT))
                state = load(book, PROJECT)
                for chunk in state.looped.missing_chunks:
                    answer_chunk(book, state, 1, chunk, context=ModelContext(BagOfWords()))
            with _timed(seconds, "look"):
                next_step(progress(load(book, PROJECT)))
            other.submit(label_the_rest, folder).result()
            with _timed(seconds, "write"):
                record = write(book, load(book, PROJECT))
            grown = _peak_mb() - before
    return Figures(
        tasks=tasks,
        by_model=record.by_model,
        predict_s=seconds["predict"],
        look_s=seconds["look"],
        write_s=seconds["write"],
        tasks_per_s=tasks / sum(seconds.values()),
        memory_mb=grown,
    )


def prepare(folder: Path, tasks: int) -> None:
    """Connect, label, fit and certify."""
    with opened(folder) as book:
        rules = Rules(monitor_size=100)
        book.record(
            Connection(PROJECT, "made up", rules.model_dump_json(), active=True, created_at=NOW), "connection-1"
        )
        schema = SchemaVersion(PROJECT, 1, "<View/>", FIELD.to_json(), FIELD.digest, created_at=NOW)
        book.record(schema, "schema-1")
        for start in range(1, tasks + 1, BATCH):
            made = (Task(task, _text(task)) for task in range(start, min(start + BATCH, tasks + 1)))
            book.mirror(PROJECT).put([TaskState(task, (), NOW) for task in made])
        assign_roles(book, load(book, PROJECT))
        drawn = load(book, PROJECT).tasks
        _judge(book, drawn.of(Role.MONITOR), people=2)
        _judge(book, open_train(drawn)[:100])
        close_round(book, load(book, PROJECT), asked=True)
        fit(book, load(book, PROJECT), 1, context=ModelContext(BagOfWords()))
        evaluate(book, load(book, PROJECT), 1, context=ModelContext(BagOfWords()))
        decide_round(book, load(book, PROJECT), 1)
        give_verdict(book, load(book, PROJECT), 1)
        start_attempt(book, load(book, PROJECT), max_error=0.05, confidence=0.95, n=300)
        _judge(book, load(book, PROJECT).tasks.of(Role.CERTIFY))
        certify(book, load(book, PROJECT), context=ModelContext(BagOfWords()))


def label_the_rest(folder: Path) -> None:
    """Let people label what the model may not."""
    with opened(folder) as book:
        _judge(book, load(book, PROJECT).waiting)


@contextmanager
def opened(folder: Path) -> Iterator[Book]:
    """Open the project's records."""
    engine = open_engine(f"sqlite:///{folder / 'ledger.sqlite'}")
    yield Book(Ledger(engine), Artifacts(str(folder / "artifacts")))
    engine.dispose()


def _judge(book: Book, task_ids: Iterable[int], people: int = 1) -> None:
    mirror = book.mirror(PROJECT)
    tasks = mirror.tasks(sorted(task_ids))
    mirror.put([TaskState(task, _said(task.id, people), NOW) for task in tasks.values()])


def _said(task: int, people: int) -> tuple[Annotation, ...]:
    return tuple(
        Annotation(10 * task + person, task, person, Choice(LABELS[task % 3]), NOW) for person in range(people)
    )


def _text(task: int) -> str:
    words = WORDS[LABELS[task % 3]]
    # one in ten is hard: its words say hardly anything
    hint = "" if task % 10 == 0 else f"{words[task % len(words)]} {words[task // 7 % len(words)]}"
    return f"{hint} number {task} " + " ".join(f"word{task * k % 997}" for k in range(2, 8 if task % 10 == 0 else 4))


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - started


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
