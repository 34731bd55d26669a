"""What certifying and releasing a pool saves, and whether the plan printed beforehand comes true.

    python -m benchmarks.endgame DATA.csv [--tasks 2000] [--labels 300] [--error 0.01] [--seeds 1,2,3] [--encoder NAME]

DATA has the columns text and label. For each seed as many rows become a project in a temporary folder. Two simulated
people, who give a wrong label with probability `--error`, label its queue in order, round by round, until `--labels`
TRAIN labels have settled. Then the plan of a certificate is made; people label what it asks for, and what the release
leaves to them. These are the steps themselves, without Label Studio. With --json the figures are one line of JSON.
"""

import argparse
import hashlib
import json
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.guarantee import read
from labelloop.domain.certify_plan import CertifyPlan, why_not
from labelloop.domain.next_step import Step, next_step
from labelloop.domain.records import Connection, SchemaVersion
from labelloop.domain.release_row import Source
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Role, Task, TaskState
from labelloop.domain.values import Choice, FieldKind
from labelloop.encoders.encoder_source import BUNDLED
from labelloop.encoders.open_encoder import load_encoder
from labelloop.learners.base import ModelContext
from labelloop.log import configure_logging
from labelloop.rules import Rules
from labelloop.settings import Settings
from labelloop.state.load import load
from labelloop.state.progress import progress
from labelloop.state.project_state import ProjectState
from labelloop.steps.assign_roles import assign_roles
from labelloop.steps.certify import certify, start_attempt
from labelloop.steps.close_round import close_round
from labelloop.steps.deploy import decide_round
from labelloop.steps.evaluate import evaluate
from labelloop.steps.fit import fit
from labelloop.steps.give_verdict import give_verdict
from labelloop.steps.order_queue import order_queue, record_publication
from labelloop.steps.plan_certify import plan_certify
from labelloop.steps.release import answer_chunk, order_release, write
from labelloop.stores.artifacts import Artifacts
from labelloop.stores.book import Book
from labelloop.stores.ledger import Ledger, open_engine
from labelloop.stores.release_files import RELEASE_FILE, read_release

CACHE = Path(".cache/benchmarks")
PROJECT = 1
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = (1, 2)


@dataclass(frozen=True, slots=True)
class Options:
    """The size of the project, when to certify, how often people err, and what is promised."""

    tasks: int
    labels: int
    error: float
    max_error: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What was planned and what came, in labels and annotations; `wrong` is the share of wrong labels in the end.

    `labels` had settled when the plan was made, after `annotations_before` annotations in all.
    """

    seed: int
    tasks: int
    labels: int
    annotations_before: int
    n: int
    planned_saved: int
    planned_low: int
    planned_high: int
    saved: int
    planned_annotations: int
    annotations: int
    wrong: float


def main() -> None:
    """Run every seed and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="CSV with the columns text and label")
    parser.add_argument("--tasks", type=int, default=2000, help="tasks of the project")
    parser.add_argument("--labels", type=int, default=300, help="TRAIN labels before the certificate")
    parser.add_argument("--error", type=float, default=0.01, help="how often a person gives a wrong label")
    parser.add_argument("--max-error", type=float, default=0.05, help="the promise")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--encoder", default=BUNDLED, help="as LABELLOOP_ENCODER names it")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    chosen = parser.parse_args()
    configure_logging("ERROR")
    rows, options = read(chosen.data), Options(chosen.tasks, chosen.labels, chosen.error, chosen.max_error)
    encoder = load_encoder(Settings(_env_file=None, data_dir=CACHE, encoder=chosen.encoder))
    found = []
    for seed in map(int, chosen.seeds.split(",")):
        with tempfile.TemporaryDirectory(prefix="labelloop-") as folder:
            found.append(Walk(Path(folder), rows, options, seed, ModelContext(encoder)).figures())
    encoder.close()
    report(found, as_json=chosen.json)


class Walk:
    """One project from its first label to its release."""

    def __init__(
        self, folder: Path, rows: list[tuple[str, str]], options: Options, seed: int, models: ModelContext
    ) -> None:
        self.options, self.seed, self.models = options, seed, models
        order = np.random.default_rng(seed).permutation(len(rows))[: options.tasks]
        self.rows = {number: rows[at] for number, at in enumerate(order.tolist(), 1)}
        self.labels = tuple(sorted({label for _, label in rows}))
        self.annotations: dict[int, tuple[Annotation, ...]] = {}
        engine = open_engine(f"sqlite:///{folder / 'ledger.sqlite'}")
        self.book = Book(Ledger(engine), Artifacts(str(folder / "artifacts")))
        self._connect()

    def figures(self) -> Figures:
        """Walk, and compare the plan with what came of it."""
        while (settled := self._rounds()) < self.options.labels:
            pass
        before = self._count()
        plan = plan_certify(
            self.book,
            self.state,
            max_error=self.options.max_error,
            confidence=0.95,
            n=None,
            context=self.models,
        )
        if reason := why_not(plan):
            raise SystemExit(f"seed {self.seed}: {reason}")
        return self._finished(plan, settled, before)

    @property
    def state(self) -> ProjectState:
        """Return the project as it now is."""
        return load(self.book, PROJECT)

    def _finished(self, plan: CertifyPlan, settled: int, before: int) -> Figures:
        start_attempt(self.book, self.state, max_error=self.options.max_error, confidence=0.95, n=plan.n)
        self._label(self.state.tasks.of(Role.CERTIFY))
        granted = certify(self.book, self.state, context=self.models)
        if not granted.granted:
            raise SystemExit(f"seed {self.seed}: {granted.reason}")
        order_release(self.book, self.state)
        for chunk in self.state.looped.missing_chunks:
            answer_chunk(self.book, self.state, granted.number, chunk, context=self.models)
        self._label(self.state.waiting)
        released = write(self.book, self.state)
        rows = read_release(self.book.artifacts.read(released.artifact, RELEASE_FILE))
        low, high = plan.saved_between or (0, 0)
        return Figures(
            seed=self.seed,
            tasks=len(self.rows),
            labels=settled,
            annotations_before=before,
            n=plan.n,
            planned_saved=plan.saved or 0,
            planned_low=low,
            planned_high=high,
            saved=sum(row.source is Source.MODEL for row in rows),
            planned_annotations=plan.annotations,
            annotations=self._count() - before,
            wrong=sum(str(row.value) != self.rows[row.task_id][1] for row in rows) / len(rows),
        )

    def _rounds(self) -> int:
        """Let people work through the queue until a round closes, and turn it; return its TRAIN labels."""
        head = order_queue(self.book, self.state, context=self.models)
        assert head is not None
        record_publication(self.book, self.state, head)
        roles, done, due = self.state.tasks.roles, 0, self.state.round_due_at
        some = []
        for item in head.items:
            some.append(item.task_id)
            done += roles[item.task_id] is Role.TRAIN
            if done == due:
                break
        self._label([id_ for id_ in some if roles[id_] is Role.TRAIN])
        self._label([id_ for id_ in some if roles[id_] is Role.MONITOR], PEOPLE)
        closed = close_round(self.book, self.state)
        assert closed is not None
        while (step := next_step(progress(self.state))) in (Step.FIT, Step.EVALUATE, Step.DEPLOY):
            if step is Step.FIT:
                fit(self.book, self.state, closed.number, context=self.models)
            elif step is Step.EVALUATE:
                evaluate(self.book, self.state, closed.number, context=self.models)
            else:
                decide_round(self.book, self.state, closed.number)
                give_verdict(self.book, self.state, closed.number, context=self.models)
        return closed.train

    def _connect(self) -> None:
        rules = Rules(seed=self.seed, round_size=50)
        field = Field("label", FieldKind.CHOICE, self.labels, "text", ("text",))
        connection = Connection(PROJECT, "benchmark", rules.model_dump_json(), active=True, created_at=NOW)
        self.book.record(connection, "connection-1")
        schema = SchemaVersion(PROJECT, 1, "<View/>", field.to_json(), field.digest, created_at=NOW)
        self.book.record(schema, "schema-1")
        self.book.mirror(PROJECT).put([TaskState(Task(id_, text), (), NOW) for id_, (text, _) in self.rows.items()])
        assign_roles(self.book, self.state)

    def _label(self, task_ids: Iterable[int], people: tuple[int, ...] = PEOPLE[:1]) -> None:
        states = []
        for task_id in sorted(task_ids):
            text, label = self.rows[task_id]
            said = (Annotation(10 * task_id + who, task_id, who, self._says(who, text, label), NOW) for who in people)
            self.annotations[task_id] = tuple(said)
            states.append(TaskState(Task(task_id, text), self.annotations[task_id], NOW))
        self.book.mirror(PROJECT).put(states)

    def _says(self, person: int, text: str, label: str) -> Choice:
        drawn = hashlib.blake2b(f"{self.seed} {person} {text}".encode(), digest_size=8).digest()
        if int.from_bytes(drawn) / 2**64 >= self.options.error:
            return Choice(label)
        others = [other for other in self.labels if other != label]
        return Choice(others[drawn[0] % len(others)])

    def _count(self) -> int:
        return sum(map(len, self.annotations.values()))


def report(found: list[Figures], *, as_json: bool) -> None:
    """Print the figures, as one line of JSON or as a table."""
    if as_json:
        print(json.dumps([asdict(one) for one in found]))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("seed", "labels", "n", "saved: planned", "saved: came", "annotations: planned", "came", "wrong"):
        table.add_column(column, justify="right")
    for one in found:
        planned = f"{one.planned_saved} ({one.planned_low} to {one.planned_high})"
        saved = f"{one.saved} of {one.tasks} ({one.saved / one.planned_saved - 1:+.0%})"
        came = f"{one.annotations} ({one.annotations / one.planned_annotations - 1:+.0%})"
        cells = (one.seed, one.labels, one.n, planned, saved, one.planned_annotations, came, f"{one.wrong:.1%}")
        table.add_row(*map(str, cells))
    Console().print(table)


if __name__ == "__main__":
    main()
