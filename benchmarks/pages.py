"""How long the lead's pages take: a large project, looked at first, and again; and what they cost `/predict`.

    python -m benchmarks.pages [--tasks 100000] [--rounds 50] [--fields 12] [--labels 4000] [--json]

A made-up project in a temporary folder, without Label Studio and job queue: rounds with a version of each field, a
verdict on the newest ones, and so many tasks that 20 annotators have answered, every twentieth an audit task that
three people have. Server time: `first` is the look that computes the figures, `again` the median of looks after it,
which show figures that are computed behind them, and `computing` how long that takes. Then the service as operators
run it: how long Chromium takes to show all pages one after the other, and how long `/predict` of one text takes while
nobody looks at a page, and while ten people look at one after another.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from threading import Thread
from typing import TYPE_CHECKING

import httpx
from flask.testing import FlaskClient
from pydantic import SecretStr

from benchmarks.serving import PASSWORD, PROJECT, ask, deploy, seconds, served
from labelloop.domain.consensus import settle
from labelloop.domain.disagreements import AuditedTask
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
from labelloop.domain.rounds import AnnotatedTask, Round
from labelloop.domain.schema import Field, fields_json
from labelloop.domain.tasks import Annotation, Role, Task, TaskState
from labelloop.domain.values import Choice, FieldKind, Value
from labelloop.encoders.open_encoder import load_encoder
from labelloop.settings import Settings
from labelloop.state.load import load
from labelloop.stats.agreement import model_agreement, pairwise_agreement
from labelloop.steps.evaluate import audit_files
from labelloop.steps.give_verdict import give_verdict
from labelloop.stores.book import Book
from labelloop.stores.judgement_files import judgements_file
from labelloop.stores.round_files import judgements_table, round_files
from ml_backend.app import EXTENSION, create_app
from ml_backend.pages.page_figures import compute
from workers.jobs.app_context import open_serving_context
from workers.jobs.open_stores import open_bell, open_book
from workers.local.processes import free_port

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized
    from multiprocessing.synchronize import Event

LARGE, LOOKS, VISITORS, PEOPLE, REQUESTS = 2, 20, 10, 20, 2000
USER = "labelloop"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PARTS = ("", "/quality", "/disputes", "/people", "/versions", "/release", "/log")
PATHS = ("/projects", *(f"/projects/{LARGE}{part}" for part in PARTS), f"/guideline/{LARGE}")


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a page: milliseconds of the first look, and the median and the largest of later ones; its kilobytes."""

    path: str
    first_ms: float
    again_ms: float
    worst_ms: float
    kilobytes: float


@dataclass(frozen=True, slots=True)
class Served:
    """Milliseconds of Chromium for all pages; of `/predict`, median and 99th percentile, without visitors and with."""

    browser_ms: float
    alone_ms: float
    alone_p99_ms: float
    visited_ms: float
    visited_p99_ms: float


def main() -> None:
    """Make the project, look at its pages, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("tasks", 100_000), ("rounds", 50), ("fields", 12), ("labels", 4_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as temporary:
        settings = Settings(
            _env_file=None,
            data_dir=Path(temporary),
            redis_url="redis://127.0.0.1:1/0",
            port=free_port(0),
            backend_password=SecretStr(PASSWORD),
            webhook_secret=SecretStr(PASSWORD),
            refresh_s=3600,
            log_level="CRITICAL",
        )
        load_encoder(settings).close()
        deploy(settings)
        book = open_book(settings)
        make(book, given.tasks, given.rounds, given.fields, given.labels)
        began = time.perf_counter()
        compute(book, open_bell(settings, patient=False), settings, LARGE)
        computing = time.perf_counter() - began
        app = create_app(open_serving_context(settings))
        found = [look(app.test_client(), path) for path in PATHS]
        app.extensions[EXTENSION].close()
        book.ledger.engine.dispose()
        with served(settings) as client:
            of_service = visited(client)
    if given.json:
        pages = [asdict(one) for one in found]
        print(json.dumps({"computing_s": computing, "pages": pages, **asdict(of_service)}))
        return
    print(f"computing the figures: {computing:.2f} s")
    for one in found:
        print(
            f"{one.path:<22} first {one.first_ms:7.0f} ms, again {one.again_ms:5.1f} ms (at most {one.worst_ms:.0f}), "
            f"{one.kilobytes:.0f} kB"
        )
    print(
        f"all of them in Chromium: {of_service.browser_ms:.0f} ms\n"
        f"/predict: {of_service.alone_ms:.1f} ms, 99th percentile {of_service.alone_p99_ms:.1f}; "
        f"with {VISITORS} visitors {of_service.visited_ms:.1f} ms, 99th percentile {of_service.visited_p99_ms:.1f}"
    )


def visited(client: httpx.Client) -> Served:
    """Return how quick the service is for a browser, and for requests while people look at pages and do not."""
    browser_ms = in_browser(str(client.base_url))
    alone = requests(client)
    started = get_context("spawn")
    done, looks = started.Event(), started.Value("i", 0)
    visitors = started.Process(target=_visit, args=(str(client.base_url), done, looks))
    visitors.start()
    while looks.value < VISITORS:  # each has come
        time.sleep(0.1)
    beside = requests(client)
    done.set()
    visitors.join()
    return Served(browser_ms, *_middle_and_end(alone), *_middle_and_end(beside))


def in_browser(address: str) -> float:
    """Return the milliseconds that Chromium takes for all pages, when it has seen each before: median of five."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        named = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        page = browser.new_page(base_url=address, extra_http_headers={"Authorization": f"Basic {named}"})
        times = []
        for _ in range(6):
            began = time.perf_counter()
            for path in PATHS:
                assert page.goto(path).ok  # type: ignore[union-attr]
            times.append(1000 * (time.perf_counter() - began))
        browser.close()
    return statistics.median(times[1:])


def requests(client: httpx.Client) -> list[float]:
    """Return the milliseconds of requests, one after another, for texts that the service has seen."""
    ask(client, ["a text"])
    return [1000 * seconds(partial(ask, client, ["a text"])) for _ in range(REQUESTS)]


def _visit(address: str, done: "Event", looks: "Synchronized[int]") -> None:
    """Let all visitors look around, in a process that takes none of the time of the one that measures."""
    visitors = [Thread(target=_look_around, args=(address, place, done, looks)) for place in range(VISITORS)]
    for one in visitors:
        one.start()
    for one in visitors:
        one.join()


def _look_around(address: str, place: int, done: "Event", looks: "Synchronized[int]") -> None:
    """Look at a page every second, as one who keeps it up to date."""
    with httpx.Client(base_url=address, auth=(USER, PASSWORD), timeout=60) as client:
        while not done.wait(1 / VISITORS * place if place else 0.5):
            client.get(PATHS[place % len(PATHS)], headers={"Accept": "text/html"}).raise_for_status()
            with looks.get_lock():
                looks.value += 1
            place = place or VISITORS
            if done.wait(1):
                return


def _middle_and_end(times: Sequence[float]) -> tuple[float, float]:
    return statistics.median(times), statistics.quantiles(times, n=100)[-1]


def look(client: FlaskClient, path: str) -> Figures:
    """Return how long looks at a page take."""
    times, size = [], 0
    for _ in range(1 + LOOKS):
        began = time.perf_counter()
        answer = client.get(path, headers={"Accept": "text/html"}, auth=(USER, PASSWORD))
        times.append(1000 * (time.perf_counter() - began))
        assert answer.status_code == 200, answer.text
        size = len(answer.data)
    return Figures(path, times[0], statistics.median(times[1:]), max(times[1:]), size / 1000)


def make(book: Book, tasks: int, rounds: int, fields: int, labels: int) -> None:
    """Write a project down that has been through its rounds."""
    names = [f"field-{number}" for number in range(fields)]
    schema = [Field(name, FieldKind.CHOICE, ("a", "b", "c"), "text", ("text",)) for name in names]
    config = "<View/>"
    book.record(Connection(LARGE, "Large", "{}", active=True, created_at=NOW), "connection")
    written = SchemaVersion(LARGE, 1, config, fields_json(schema), schema[0].digest, created_at=NOW)
    book.record(written, "schema")
    mirror = book.mirror(LARGE)
    mirror.put([TaskState(_task(id_), _said(id_, names) if id_ <= labels else (), NOW) for id_ in range(1, tasks + 1)])
    assert book.ledger.add_roles([TaskRole(LARGE, id_, _role(id_)) for id_ in range(1, tasks + 1)])
    for number in range(1, rounds):
        _close(book, number, names, ())
    _close(book, rounds, names, range(1, labels + 1))
    for state in load(book, LARGE).by_field:
        give_verdict(book, state, rounds)


def _task(id_: int) -> Task:
    return Task(id_, f"text number {id_} of a large project")


def _role(id_: int) -> Role:
    return Role.TRAIN if id_ % 20 else Role.MONITOR


def _said(id_: int, names: Sequence[str]) -> tuple[Annotation, ...]:
    """Return what one person says of a task to learn from, or three of an audit task: one in ten differs."""
    people = [id_ % PEOPLE] if id_ % 20 else [id_ // 20 % PEOPLE, id_ // 40 % PEOPLE, id_ // 60 % PEOPLE]
    return tuple(
        Annotation(100 * id_ + who, id_, who, _answer(id_, who), NOW, field=name)
        for who in dict.fromkeys(people)
        for name in names
    )


def _answer(id_: int, who: int) -> Choice:
    return Choice("abc"[(id_ + (Random(f"{id_} {who}").random() < 0.1)) % 3])


def _close(book: Book, number: int, names: Sequence[str], ids: Sequence[int]) -> None:
    """Close a round of these tasks, after which a new version serves each field."""
    at, n = NOW + timedelta(days=number), 200
    closed = ClosedRound(LARGE, number, 1, "enough", 50 * number, 50, n, 60 * number, created_at=at)
    tasks = [AnnotatedTask(_task(id_), _role(id_), given, settle(given)) for id_ in ids for given in [_said(id_, [""])]]
    whole = Round(number, tuple(tasks))
    several = {judgements_file(name, names): judgements_table(whole) for name in names} if names[1:] else {}
    book.record(closed, f"round-{number}", round_files(whole, None) | several)
    served = book.ledger.newest(Fit, PROJECT)
    assert served is not None
    model = dict(book.artifacts.files(served.artifact))
    audited = audit_files([_audited(one) for one in whole.tasks if one.role is Role.MONITOR])
    for place, name in enumerate(names, 1):
        version, agreement = f"v{(number - 1) * len(names) + place}", 0.9 - 0.4 / number**0.5
        fit = Fit(LARGE, number, "linear", version, "", 50 * number, 1.0, field=name, created_at=at)
        people = (0.9, 0.87, 0.93)
        measured = (n, agreement, agreement - 0.05, agreement + 0.05, *people, agreement, agreement, 2.0)
        why = "better by more than one standard error"
        book.record(
            Evaluation(LARGE, number, version, *measured, created_at=at),
            f"evaluation-{version}",
            audited,
        )
        book.record(fit, f"fit-{version}", model if ids else {})
        for record in (
            Decision(LARGE, number, version, "", version, why, field=name, created_at=at),
            Deployment(LARGE, version, why, created_at=at),
        ):
            assert book.ledger.add(record)


def _audited(task: AnnotatedTask) -> AuditedTask:
    id_, model = task.task.id, _answer(task.task.id, -1)
    people: dict[int, Value] = {one.annotator_id: _answer(id_, one.annotator_id) for one in task.annotations}
    said = list(people.values())
    return AuditedTask(id_, model, people, model_agreement(model, said), pairwise_agreement(said))


if __name__ == "__main__":
    main()
