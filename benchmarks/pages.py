"""How long the lead's pages take on the server: a large project, looked at first, and again.

    python -m benchmarks.pages [--tasks 100000] [--rounds 50] [--fields 12] [--labels 3000] [--json]

A made-up project in a temporary folder, without Label Studio and job queue: rounds with a version of each field, and
so many tasks that an annotator has answered. `first` is the look that computes the figures, `again` the median of
looks after it, which show figures that are computed behind them, and `computing` how long that takes.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask.testing import FlaskClient
from pydantic import SecretStr

from labelloop.domain.records import (
    ClosedRound,
    Connection,
    Decision,
    Deployment,
    Evaluation,
    Fit,
    SchemaVersion,
    TaskRole,
)
from labelloop.domain.rounds import Round
from labelloop.domain.schema import Field, fields_json
from labelloop.domain.tasks import Annotation, Role, Task, TaskState
from labelloop.domain.values import Choice, FieldKind
from labelloop.settings import Settings
from labelloop.stores.book import Book
from labelloop.stores.round_files import round_files
from ml_backend.app import EXTENSION, create_app
from ml_backend.pages.page_figures import compute
from workers.jobs.app_context import open_serving_context
from workers.jobs.open_stores import open_bell, open_book

PROJECT, LOOKS = 1, 20
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATHS = ("/projects", f"/projects/{PROJECT}", f"/projects/{PROJECT}/versions")


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a page: milliseconds of the first look, and the median and the largest of later ones; its kilobytes."""

    path: str
    first_ms: float
    again_ms: float
    worst_ms: float
    kilobytes: float


def main() -> None:
    """Make the project, look at its pages, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("tasks", 100_000), ("rounds", 50), ("fields", 12), ("labels", 3_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        settings = Settings(
            _env_file=None,
            data_dir=Path(temporary),
            redis_url="redis://127.0.0.1:1/0",
            insecure=True,
            host="127.0.0.1",
            backend_password=SecretStr(""),
            webhook_secret=SecretStr(""),
            refresh_s=3600,
            log_level="CRITICAL",
        )
        book = open_book(settings)
        make(book, given.tasks, given.rounds, given.fields, given.labels)
        began = time.perf_counter()
        compute(book, open_bell(settings, patient=False), settings, PROJECT)
        computing = time.perf_counter() - began
        app = create_app(open_serving_context(settings))
        found = [look(app.test_client(), path) for path in PATHS]
        app.extensions[EXTENSION].close()
        book.ledger.engine.dispose()
    if given.json:
        print(json.dumps({"computing_s": computing, "pages": [asdict(one) for one in found]}))
        return
    print(f"computing the figures: {computing:.2f} s")
    for one in found:
        print(
            f"{one.path:<22} first {one.first_ms:7.0f} ms, again {one.again_ms:5.1f} ms (at most {one.worst_ms:.0f}), "
            f"{one.kilobytes:.0f} kB"
        )


def look(client: FlaskClient, path: str) -> Figures:
    """Return how long looks at a page take."""
    times, size = [], 0
    for _ in range(1 + LOOKS):
        began = time.perf_counter()
        answer = client.get(path, headers={"Accept": "text/html"})
        times.append(1000 * (time.perf_counter() - began))
        assert answer.status_code == 200, answer.text
        size = len(answer.data)
    return Figures(path, times[0], statistics.median(times[1:]), max(times[1:]), size / 1000)


def make(book: Book, tasks: int, rounds: int, fields: int, labels: int) -> None:
    """Write a project down that has been through its rounds."""
    names = [f"field-{number}" for number in range(fields)]
    schema = [Field(name, FieldKind.CHOICE, ("a", "b", "c"), "text", ("text",)) for name in names]
    config = "<View/>"
    book.record(Connection(PROJECT, "Large", "{}", active=True, created_at=NOW), "connection")
    written = SchemaVersion(PROJECT, 1, config, fields_json(schema), schema[0].digest, created_at=NOW)
    book.record(written, "schema")
    mirror = book.mirror(PROJECT)
    mirror.put([_task(id_, names if id_ <= labels else ()) for id_ in range(1, tasks + 1)])
    roles = [TaskRole(PROJECT, id_, Role.TRAIN if id_ % 20 else Role.MONITOR) for id_ in range(1, tasks + 1)]
    assert book.ledger.add_roles(roles)
    for number in range(1, rounds + 1):
        _close(book, number, names)


def _task(id_: int, names: Sequence[str]) -> TaskState:
    said = Choice("abc"[id_ % 3])
    annotations = tuple(Annotation(id_, id_, id_ % 5, said, NOW, field=name) for name in names)
    return TaskState(Task(id_, f"text number {id_} of a large project"), annotations, NOW)


def _close(book: Book, number: int, names: Sequence[str]) -> None:
    at, n = NOW + timedelta(days=number), 200
    closed = ClosedRound(PROJECT, number, 1, "enough", 50 * number, 50, n, 60 * number, created_at=at)
    book.record(closed, f"round-{number}", round_files(Round(number, ()), None))
    for place, name in enumerate(names, 1):
        version, agreement = f"v{(number - 1) * len(names) + place}", 0.9 - 0.4 / number**0.5
        fit = Fit(PROJECT, number, "linear", version, "", 50 * number, 1.0, field=name, created_at=at)
        people = (0.9, 0.87, 0.93)
        measured = (n, agreement, agreement - 0.05, agreement + 0.05, *people, agreement, agreement, 2.0)
        why = "better by more than one standard error"
        for record in (
            fit,
            Evaluation(PROJECT, number, version, *measured, created_at=at),
            Decision(PROJECT, number, version, "", version, why, field=name, created_at=at),
            Deployment(PROJECT, version, why, created_at=at),
        ):
            assert book.ledger.add(record)


if __name__ == "__main__":
    main()
