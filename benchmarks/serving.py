"""How fast /predict answers: our service on a deployed linear model, beside the encoder alone.

    python -m benchmarks.serving [--texts FILE] [--rounds 5] [--json]

One client. Cold: texts never seen before; warm: seen before, as after a redeployment. `http_efficiency` is the tasks/s
of cold 50-task requests over those of the encoder alone in this process, interleaved in the same run.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

import httpx

from labelloop.domain.records import Connection, Deployment, Fit, SchemaVersion, TaskRole
from labelloop.domain.tasks import Role
from labelloop.domain.values import Choice
from labelloop.encoders.open_encoder import export_directory, load_encoder, open_encoder
from labelloop.learners.base import Example, FitContext
from labelloop.learners.linear.learner import LinearLearner
from labelloop.log import configure_logging
from labelloop.settings import Settings
from labelloop.steps.model_store import MODEL_FOLDER
from sync.config.label_config import parse
from workers.cli.run_services import NICE
from workers.jobs.open_stores import open_book
from workers.local.processes import free_port

PROJECT, TASKS, PASSWORD = 1, 50, "benchmark"
LABELS = [f"label {n}" for n in range(10)]
CHOICES = "".join(f'<Choice value="{label}"/>' for label in LABELS)
CONFIG = f'<View><Text name="t" value="$text"/><Choices name="c" toName="t">{CHOICES}</Choices></View>'
WORDS = ["the", "package", "library", "server", "small", "with", "data", "tool", "network", "file", "user", "text"]


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--texts", type=Path, help="UTF-8 file, one text a line; default: made-up sentences")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    configure_logging("WARNING")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    lines = chosen.texts.read_text("utf-8").splitlines() if chosen.texts else None
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            _env_file=None, data_dir=Path(folder), port=free_port(0), backend_password=PASSWORD, webhook_secret=PASSWORD
        )
        load_encoder(settings).close()
        deploy(settings)
        with served(settings) as client:
            figures = measure(settings, client, fresh_texts(lines), chosen.rounds)
    plain = "\n".join(f"{name:24} {figure:10.2f}" for name, figure in figures.items())
    print(json.dumps(figures) if chosen.json else plain)


def measure(settings: Settings, client: httpx.Client, texts: Iterator[str], rounds: int) -> dict[str, float]:
    """Return medians over the rounds: seconds of one and of fifty tasks, cold and warm, and what they amount to."""
    encode = open_encoder(export_directory(settings))
    times: dict[str, list[float]] = {name: [] for name in ("one_cold", "one_warm", "many_cold", "many_warm", "encoder")}
    for _ in range(rounds):
        one, many, alone = ([next(texts) for _ in range(n)] for n in (1, TASKS, TASKS))
        times["encoder"].append(seconds(partial(encode, alone)))
        for name, some in (("one", one), ("many", many)):
            times[f"{name}_cold"].append(seconds(partial(ask, client, some)))
            times[f"{name}_warm"].append(seconds(partial(ask, client, some)))
    median = {name: statistics.median(values) for name, values in times.items()}
    return {
        **{f"{name}_ms": 1000 * value for name, value in median.items()},
        "many_cold_tasks_per_s": TASKS / median["many_cold"],
        "many_warm_tasks_per_s": TASKS / median["many_warm"],
        "http_efficiency": median["encoder"] / median["many_cold"],
    }


def ask(client: httpx.Client, texts: list[str]) -> None:
    """Ask for predictions as Label Studio does; fail where one is missing."""
    tasks = [{"id": n, "data": {"text": text}, "annotations": [], "predictions": []} for n, text in enumerate(texts, 1)]
    answer = client.post("/predict", json={"tasks": tasks, "project": f"{PROJECT}.1", "label_config": CONFIG})
    assert all(answer.raise_for_status().json()["results"])


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def fresh_texts(lines: list[str] | None) -> Iterator[str]:
    """Yield texts that never repeat: the given lines (numbered), or made-up sentences of 8 to 40 words."""
    draw = random.Random(1)
    for number in count():
        text = draw.choice(lines) if lines else " ".join(draw.choices(WORDS, k=draw.randint(8, 40)))
        yield f"{text} {number}"


def deploy(settings: Settings) -> None:
    """Put one project with a fitted, deployed model into the ledger."""
    book, now = open_book(settings), datetime.now(UTC)
    field = parse(CONFIG).field(None)
    assert field is not None
    book.record(Connection(PROJECT, "benchmark", "{}", True, created_at=now), "connection")
    book.record(SchemaVersion(PROJECT, 1, CONFIG, field.to_json(), field.digest, created_at=now), "schema")
    book.ledger.add_roles([TaskRole(PROJECT, n, Role.TRAIN) for n in range(1, TASKS + 1)])
    texts = fresh_texts(None)
    examples = [Example(n, next(texts), Choice(LABELS[n % 10])) for n in range(100)]
    encoder = load_encoder(settings)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / MODEL_FOLDER).mkdir()
        fitted = LinearLearner().fit(field, examples, FitContext(encoder, seed=1))
        fitted.save(Path(folder) / MODEL_FOLDER)
        book.record(Fit(PROJECT, 1, "linear", "v1", "", 100, 1.0, created_at=datetime.now(UTC)), "model", Path(folder))
    encoder.close()
    book.record(Deployment(PROJECT, "v1", "benchmark", created_at=now), "deployment")


@contextmanager
def served(settings: Settings) -> Iterator[httpx.Client]:
    """Yield a client of the service as operators run it, with the pages in a process of their own."""
    names = {"DATA_DIR": settings.data_dir, "PORT": settings.port, "REDIS_URL": "redis://127.0.0.1:1/0"}
    pages = f"http://127.0.0.1:{(pages_port := free_port(0))}"
    names |= {"PAGES_PORT": pages_port, "PAGES_SERVICE_URL": pages}
    names |= {"BACKEND_PASSWORD": PASSWORD, "WEBHOOK_SECRET": PASSWORD, "LOG_LEVEL": "WARNING"}
    environment = {**os.environ, **{f"LABELLOOP_{name}": str(value) for name, value in names.items()}}
    server = [sys.executable, "-m", "ml_backend.server"]
    commands = [*server, "backend"], ["nice", "-n", str(NICE), *server, "pages"]
    processes = [subprocess.Popen(command, env=environment) for command in commands]
    try:
        transport = httpx.HTTPTransport(retries=8)  # with growing pauses, while it starts
        address, auth = f"http://127.0.0.1:{settings.port}", (settings.backend_user, PASSWORD)
        with httpx.Client(base_url=address, auth=auth, timeout=100, transport=transport) as client:
            client.get("/health").raise_for_status()
            client.get(f"{pages}/health").raise_for_status()
            yield client
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


if __name__ == "__main__":
    main()
