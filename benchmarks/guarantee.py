"""How often a promise about the finished data set is broken: a naive threshold, PAC labels, and Learn-then-Test.

    python -m benchmarks.guarantee DATA.csv [--encoder NAME] [--draws 200] [--epsilon 0.05] [--delta 0.05] [--n 300]

DATA has the columns text and label. The `linear` learner is fitted once, on random labels; the rest is the pool. Then n
tasks of the pool are drawn, again and again, and each method sets its threshold from them. What it promised is checked
against the labels of the whole pool. With --json the figures are one line of JSON.

naive  the lowest threshold at which at most epsilon of the tasks drawn above it are wrong;
       broken where more than epsilon of the machine-labelled tasks are wrong
pac    broken where more than epsilon of the finished pool is wrong (the tasks drawn have people's labels)
ltt    promises what naive promises, by tests

`automated` is the share of the tasks not drawn that take the model's label, the mean over the draws.
"""

import argparse
import csv
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from benchmarks._selective import selective_threshold
from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, FieldKind
from labelloop.encoders.encoder_source import BUNDLED
from labelloop.encoders.open_encoder import load_encoder
from labelloop.encoders.vectors import CachedEncoder
from labelloop.learners.base import Example, FitContext
from labelloop.log import configure_logging
from labelloop.plugins import learner
from labelloop.settings import Settings
from labelloop.stats.pac import pac_threshold

CACHE = Path(".cache/benchmarks")
METHODS = ("naive", "pac", "ltt")


@dataclass(frozen=True, slots=True)
class Options:
    """What is promised (error epsilon, but with probability delta), and how many tasks are drawn how often.

    The model is fitted to `train` labels, or to a third of the rows if that is less; the pool has at most `pool` tasks.
    """

    train: int
    pool: int
    draws: int
    epsilon: float
    delta: float
    n: int
    seed: int


@dataclass(frozen=True, slots=True)
class Pool:
    """The model's confidence in each task of the pool, and whether it is wrong; both of shape (N,)."""

    confidence: NDArray[np.float64]
    wrong: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Kept:
    """In which share of draws the promise was broken, and the mean share of tasks that take the model's label."""

    violation_rate: float
    automated: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="CSV with the columns text and label")
    parser.add_argument("--encoder", default=BUNDLED, help="as LABELLOOP_ENCODER names it")
    parser.add_argument("--train", type=int, default=800, help="labels the model is fitted to")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--epsilon", type=float, default=0.05)
    parser.add_argument("--delta", type=float, default=0.05)
    parser.add_argument("--n", type=int, default=300, help="tasks labelled for the certificate in each draw")
    parser.add_argument("--pool", type=int, default=3000, help="at most so many tasks in the pool")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    configure_logging("WARNING")
    options = Options(chosen.train, chosen.pool, chosen.draws, chosen.epsilon, chosen.delta, chosen.n, chosen.seed)
    encoder = load_encoder(Settings(_env_file=None, data_dir=CACHE, encoder=chosen.encoder))
    with Progress(console=Console(stderr=True)) as progress:
        pool = judge(read(chosen.data), encoder, options, progress)
        if not 0 < options.n < len(pool.wrong) or options.draws < 1:
            parser.error(f"--n must be below the {len(pool.wrong)} tasks of the pool, and --draws at least 1")
        found = measure(pool, options, progress)
    report(found, options, 1 - float(pool.wrong.mean()), as_json=chosen.json)


def read(path: Path) -> list[tuple[str, str]]:
    """Return every (text, label) of the file, each text once."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["text"]: row["label"] for row in csv.DictReader(file) if row["text"].strip()}
    return list(rows.items())


def judge(rows: Sequence[tuple[str, str]], encoder: CachedEncoder, options: Options, progress: Progress) -> Pool:
    """Fit `linear` to random rows and judge the others with it."""
    order = np.random.default_rng(options.seed).permutation(len(rows))
    size = min(options.train, len(rows) // 3)
    train, pool = ([rows[i] for i in some] for some in (order[:size], order[size : size + options.pool]))
    field = Field("label", FieldKind.CHOICE, tuple(sorted({label for _, label in rows})), "text", ("text",))
    bar = progress.add_task("encoding", total=None)
    encoder([text for text, _ in [*train, *pool]], lambda done, of: progress.update(bar, completed=done, total=of))
    progress.update(bar, total=1, completed=1)
    examples = [Example(n, text, Choice(label)) for n, (text, label) in enumerate(train)]
    texts = [text for text, _ in pool]
    with tempfile.TemporaryDirectory() as folder:
        model = learner("linear").fit(field, examples, FitContext(encoder, Path(folder), pool=texts, seed=options.seed))
        answers = model.predict(texts)
    encoder.close()
    wrong = [answer.value != Choice(label) for answer, (_, label) in zip(answers, pool, strict=True)]
    return Pool(np.array([answer.margin for answer in answers]), np.array(wrong))


def measure(pool: Pool, options: Options, progress: Progress) -> dict[str, Kept]:
    """Draw again and again; return how each method fared."""
    rng = np.random.default_rng(options.seed)
    outcomes: dict[str, list[tuple[bool, float]]] = {method: [] for method in METHODS}
    for _ in progress.track(range(options.draws), description="drawing"):
        drawn = np.zeros(len(pool.wrong), np.bool_)
        drawn[rng.choice(len(drawn), options.n, replace=False)] = True
        for method, threshold in thresholds(pool, drawn, options).items():
            machine = ~drawn & (pool.confidence >= threshold)
            promised_of = len(drawn) if method == "pac" else int(machine.sum())
            broken = int((machine & pool.wrong).sum()) > options.epsilon * promised_of
            outcomes[method].append((broken, float(machine.sum() / (~drawn).sum())))
    return {method: Kept(*np.mean(some, axis=0).tolist()) for method, some in outcomes.items()}


def thresholds(pool: Pool, drawn: NDArray[np.bool_], options: Options) -> dict[str, float]:
    """Return the threshold that each method sets from the tasks drawn."""
    confidence, wrong = pool.confidence[drawn], pool.wrong[drawn]
    promise = {"max_error": options.epsilon, "delta": options.delta}
    return {
        "naive": naive_threshold(confidence, wrong, options.epsilon),
        "pac": pac_threshold(confidence, wrong, **promise, pool=len(drawn)).threshold,
        "ltt": selective_threshold(confidence, wrong, pool.confidence, **promise).threshold,
    }


def naive_threshold(confidence: NDArray[np.float64], wrong: NDArray[np.bool_], epsilon: float) -> float:
    """Return the lowest confidence at and above which at most epsilon of the sample is wrong: no guarantee at all."""
    order = np.argsort(-confidence, kind="stable")
    good = np.flatnonzero(np.cumsum(wrong[order]) <= epsilon * np.arange(1, len(order) + 1))
    return float(confidence[order[good[-1]]]) if len(good) else inf


def report(found: dict[str, Kept], options: Options, accuracy: float, *, as_json: bool) -> None:
    """Print the figures, as one line of JSON or as a table."""
    if as_json:
        about = {"n": options.n, "epsilon": options.epsilon, "delta": options.delta, "model_accuracy": accuracy}
        print(json.dumps({"draws": options.draws, **{name: asdict(kept) for name, kept in found.items()}, **about}))
        return
    print(f"model accuracy {accuracy:.3f}; {options.draws} draws of {options.n}, error <= {options.epsilon:.0%}")
    print(f"{'':8}{'promise broken':>16}{'automated':>12}")
    for name, kept in found.items():
        print(f"{name:8}{kept.violation_rate:>16.1%}{kept.automated:>12.1%}")


if __name__ == "__main__":
    main()
