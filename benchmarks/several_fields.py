"""What more fields cost: how often a text is encoded in a round, and how much longer one `/predict` of all takes.

    python -m benchmarks.several_fields [--fields 1,4] [--tasks 300] [--labels 60] [--more 20] [--json]

A made-up project in a temporary folder, without Label Studio: every field is a choice of the same text. A round is
closed with so many labels of the first field, `--more` of each next one, so that the versions remember different
texts, as those of different rounds do (`--more 0`: of one round), and taken to its verdicts, and the queue is ordered;
then 50 tasks are predicted for, all fields in one answer: as the ML backend does it between the request and the
response, and as whole requests of one client to the service, as operators run it. Texts that are encoded anew on
purpose, to measure what a prediction takes, count apart.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.serving import PASSWORD, PROJECT, seconds, served
from labelloop.domain.records import Connection, SchemaVersion, TaskRole
from labelloop.domain.schema import Field, fields_json
from labelloop.domain.tasks import Annotation, Role, Task, TaskState
from labelloop.domain.values import Choice, FieldKind
from labelloop.encoders.base import Vectors
from labelloop.encoders.encoder import OnnxEncoder
from labelloop.encoders.encoder_spec import WINDOWS, EncoderSpec
from labelloop.encoders.open_encoder import NamedEncoder, export_directory, load_encoder, open_encoder
from labelloop.encoders.vectors import CachedEncoder
from labelloop.learners.base import ModelContext
from labelloop.log import configure_logging
from labelloop.rules import Rules
from labelloop.settings import Settings
from labelloop.state.load import load
from labelloop.steps.assign_roles import assign_roles
from labelloop.steps.close_round import close_round
from labelloop.steps.deploy import decide_round
from labelloop.steps.evaluate import evaluate
from labelloop.steps.fit import fit
from labelloop.steps.give_verdict import give_verdict
from labelloop.steps.model_store import load_model
from labelloop.steps.order_queue import order_queue
from labelloop.stores.artifacts import Artifacts
from labelloop.stores.book import Book
from labelloop.stores.ledger import Ledger, open_engine
from ml_backend import predict
from ml_backend.snapshot import Loaded, Snapshot
from workers.local.processes import free_port

AT_ONCE, ROUNDS, PAIRS, REQUESTS = 50, 5, 40, 200
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIGNS = ("parcel", "refund", "password", "invoice", "driver", "battery", "screen", "contract")
WORDS = ("the", "a", "my", "was", "is", "not", "again", "since", "Monday", "please", "help", "with", "and", "soon")


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a round: distinct texts, and how often one was encoded on average and at most, beside `anew` on purpose.

    Of a request of 50 tasks: milliseconds with texts that nobody encoded before, and once more; how many times as long
    the latter takes as for one of the fields alone. Then milliseconds of the client of whole requests.
    """

    fields: int
    texts: int
    encoded: float
    most: int
    anew: int
    round_s: float
    cold_ms: float
    warm_ms: float
    warm_ratio: float
    request_ms: float


class Counting:
    """Implements Encode and counts how often it encodes each text; `anew` counts what no cache was asked for."""

    def __init__(self, encode: OnnxEncoder) -> None:
        self.encode, self.digest, self.source = encode, encode.digest, encode.source
        self.windows, self.max_tokens, self.prefix = encode.windows, encode.max_tokens, encode.prefix
        self.times: Counter[str] = Counter()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return the encoder's vectors."""
        self.times.update(texts)
        return self.encode(texts)


def main() -> None:
    """Measure each number of fields and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fields", default="1,4", help="numbers of fields, up to 8")
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--labels", type=int, default=60, help="TRAIN labels of the first field")
    parser.add_argument("--more", type=int, default=20, help="how many more each next field has")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    chosen = parser.parse_args()
    configure_logging("ERROR")
    found = []
    for count in map(int, chosen.fields.split(",")):
        with tempfile.TemporaryDirectory(prefix="labelloop-") as folder:
            found.append(Project(Path(folder), count).figures(chosen.tasks, chosen.labels, chosen.more))
    if chosen.json:
        print(json.dumps([asdict(one) for one in found]))
        return
    for one in found:
        print(
            f"{one.fields} fields: each of {one.texts} texts encoded {one.encoded:.2f} times, at most {one.most}; "
            f"{one.anew} anew on purpose; round {one.round_s:.1f} s; "
            f"{AT_ONCE} tasks {one.cold_ms:.0f} ms, once more {one.warm_ms:.1f} ms, {one.warm_ratio:.2f} of one field; "
            f"a request {one.request_ms:.2f} ms, {one.request_ms / found[0].request_ms:.2f} of the first"
        )


class Project:
    """A made-up project whose fields say which of some words a text holds."""

    def __init__(self, folder: Path, count: int) -> None:
        self.settings = Settings(
            _env_file=None, data_dir=folder, port=free_port(0), backend_password=PASSWORD, webhook_secret=PASSWORD
        )
        self.encode = Counting(opened(self.settings))
        self.models = ModelContext(CachedEncoder(self.encode, None))
        self.fields = [Field(f"f{n}", FieldKind.CHOICE, ("yes", "no"), "text", ("text",)) for n in range(count)]
        self.states: dict[int, TaskState] = {}
        engine = open_engine(f"sqlite:///{folder / 'ledger.sqlite'}")
        self.book = Book(Ledger(engine), Artifacts(str(folder / "artifacts")))
        rules = Rules(round_size=20, monitor_size=40).model_dump_json()
        self.book.record(Connection(PROJECT, "made up", rules, active=True, created_at=NOW), "connection-1")
        controls = "".join(
            f'<Choices name="{one.name}" toName="text"><Choice value="yes"/><Choice value="no"/></Choices>'
            for one in self.fields
        )
        self.config = f'<View><Text name="text" value="$text"/>{controls}</View>'
        schema = SchemaVersion(PROJECT, 1, self.config, fields_json(self.fields), "made up", created_at=NOW)
        self.book.record(schema, "schema-1")

    def figures(self, tasks: int, labels: int, more: int) -> Figures:
        """Turn a round, then predict."""
        texts = {number: sentence(number) for number in range(1, tasks + 1)}
        self.book.mirror(PROJECT).put([TaskState(Task(id_, text), (), NOW) for id_, text in texts.items()])
        assign_roles(self.book, load(self.book, PROJECT))
        roles = load(self.book, PROJECT).tasks
        train, monitor = sorted(roles.of(Role.TRAIN)), sorted(roles.of(Role.MONITOR))
        for place, field in enumerate(self.fields):
            self._label(field, train[: labels + more * place], texts, people=1)
            self._label(field, monitor, texts, people=2)
        self.book.mirror(PROJECT).put(list(self.states.values()))
        started = time.perf_counter()
        anew = self._turn()
        round_s = time.perf_counter() - started
        times = [self.encode.times[text] - anew[text] for text in self.encode.times]
        found = [self._predict(tasks + 1 + AT_ONCE * n) for n in range(ROUNDS)]
        cold, warm, ratio = zip(*found, strict=True)
        return Figures(
            fields=len(self.fields),
            texts=len(times),
            encoded=sum(times) / len(times),
            most=max(times),
            anew=anew.total(),
            round_s=round_s,
            cold_ms=statistics.median(cold),
            warm_ms=statistics.median(warm),
            warm_ratio=statistics.median(ratio),
            request_ms=self._request_ms(tasks + 1),
        )

    def _turn(self) -> "Counter[str]":
        """Close the round, take it to its verdicts and order the queue; return what was encoded anew on purpose."""
        assert close_round(self.book, load(self.book, PROJECT)) is not None
        by_field = load(self.book, PROJECT).by_field
        for one in by_field:
            fit(self.book, one, 1, context=self.models)
        before = self.encode.times.copy()
        for one in load(self.book, PROJECT).by_field:
            evaluate(self.book, one, 1, context=self.models)
        measured = self.encode.times - before
        for one in load(self.book, PROJECT).by_field:
            decide_round(self.book, one, 1)
        for one in load(self.book, PROJECT).by_field:
            give_verdict(self.book, one, 1, context=self.models)
        order_queue(self.book, load(self.book, PROJECT), context=self.models)
        return Counter({text: times - (text not in before) for text, times in measured.items()})

    def _predict(self, first: int) -> tuple[float, float, float]:
        state = load(self.book, PROJECT)
        fits = [(one.field, one.deployed) for one in state.fields if one.deployed]
        assert len(fits) == len(self.fields)
        loaded = tuple(Loaded(f.version, field, load_model(self.book, f, context=self.models)) for field, f in fits)
        ids = range(first, first + AT_ONCE)
        snapshot = Snapshot(PROJECT, "made up", loaded, train=frozenset(ids))
        tasks = [{"id": id_, "data": {"text": sentence(id_)}} for id_ in ids]
        cold = self._spent(snapshot, tasks)
        one_field = replace(snapshot, loaded=loaded[:1])
        warm = _paired(partial(self._spent, snapshot, tasks), partial(self._spent, one_field, tasks))
        return cold, *warm

    def _spent(self, snapshot: Snapshot, tasks: list[dict[str, object]]) -> float:
        started = time.thread_time()
        assert all(predict.pre_annotate(snapshot, self.config, tasks))
        return 1000 * (time.thread_time() - started)

    def _request_ms(self, first: int) -> float:
        """Return how long a client waits for the answer of the service to tasks whose texts it has seen."""
        ids = range(first, first + AT_ONCE)
        self.book.ledger.add_roles([TaskRole(PROJECT, id_, Role.TRAIN) for id_ in ids])
        tasks = [{"id": id_, "data": {"text": sentence(id_)}, "annotations": [], "predictions": []} for id_ in ids]
        sent = {"tasks": tasks, "project": f"{PROJECT}.1", "label_config": self.config}
        with served(self.settings) as client:

            def ask() -> None:
                answer = client.post("/predict", json=sent).raise_for_status().json()
                assert all(len(entry["result"]) == len(self.fields) for entry in answer["results"])

            ask()
            return 1000 * statistics.median(seconds(ask) for _ in range(REQUESTS))

    def _label(self, field: Field, ids: Sequence[int], texts: dict[int, str], people: int) -> None:
        for id_ in ids:
            given = [
                Annotation(10 * id_ + person, id_, person, says(field, texts[id_]), NOW, field=field.name)
                for person in range(1, people + 1)
            ]
            before = self.states[id_].annotations if id_ in self.states else ()
            self.states[id_] = TaskState(Task(id_, texts[id_]), (*before, *given), NOW)


def _paired(several: Callable[[], float], one: Callable[[], float]) -> tuple[float, float]:
    """Return the median of the first, and of its ratio to the second, measured in turn."""
    pairs = [(several(), one()) for _ in range(PAIRS)]
    return statistics.median(took for took, _ in pairs), statistics.median(took / other for took, other in pairs)


def opened(settings: Settings) -> OnnxEncoder:
    """Return the encoder that the service will use, without a cache."""
    named = NamedEncoder(EncoderSpec(settings.encoder, windows=WINDOWS), settings.cache_dir)
    load_encoder(named).close()
    return open_encoder(export_directory(named), WINDOWS)


def sentence(number: int) -> str:
    """Return a made-up text; no two are equal."""
    rng = random.Random(number)
    return " ".join([*rng.choices(WORDS, k=8), *rng.sample(SIGNS, 3), *rng.choices(WORDS, k=8), str(number)])


def says(field: Field, text: str) -> Choice:
    """Return whether the text holds the word that the field asks for."""
    return Choice("yes" if SIGNS[int(field.name[1:])] in text else "no")


if __name__ == "__main__":
    main()
