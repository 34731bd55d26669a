"""How well spans are found after so many documents: each learner of spans against the dictionary.

    python -m benchmarks.spans DATA [--documents 100,200,400] [--seeds 3] [--learners dictionary,tagger] [--json]

DATA is JSONL with the keys `text`, `spans` (each `start`, `end`, `label`; code points, the end exclusive) and `split`,
`train` or `test`. The encoder is that of the settings (LABELLOOP_ENCODER).
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

import numpy as np

from benchmarks._reliability import calibration_error
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Span, Spans
from labelloop.encoders.open_encoder import load_encoder
from labelloop.learners.base import Encode, Example, FitContext
from labelloop.log import configure_logging
from labelloop.plugins import learner
from labelloop.settings import Settings
from labelloop.stats.span_agreement import Match, span_score


@dataclass(frozen=True)
class Point:
    """One learner after so many documents: means over the seeds, and the spread of the strict F1 (lowest, highest).

    `strict`, `partial` are pooled F1 on the test part, `exact_documents` the share of documents right in every span,
    `calibration_error` that of the confidence in it, `fit_s` seconds of a fit and `texts_per_s` answers a second.
    """

    learner: str
    documents: int
    strict: float
    strict_band: tuple[float, float]
    partial: float
    exact_documents: float
    calibration_error: float
    fit_s: float
    texts_per_s: float


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("data", type=Path, help="JSONL")
    options.add_argument("--documents", default="100,200,400", help="sizes of the training set")
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--learners", default="dictionary,tagger", help="e.g. dictionary,tagger,token-finetune")
    options.add_argument("--test", type=int, default=0, help="so many test documents at random; 0: all")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    configure_logging("WARNING")
    settings = Settings(data_dir=Path(".cache/benchmarks"))
    encode = load_encoder(settings)
    field, train, test = read(chosen.data)
    if chosen.test:
        test = drawn(test, chosen.test, seed=0)
    points = [
        measured(name, field, train, test, size, chosen.seeds, encode)
        for size in map(int, chosen.documents.split(","))
        for name in chosen.learners.split(",")
    ]
    if chosen.json:
        about = {"data": chosen.data.stem, "encoder": settings.encoder, "test": len(test), "seeds": chosen.seeds}
        print(json.dumps(about | {"curve": [asdict(point) for point in points]}))
    else:
        print(table(points))


def read(path: Path) -> tuple[Field, list[Example], list[Example]]:
    """Return the field, the training part and the test part of a file."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    parts: dict[str, list[Example]] = {"train": [], "test": []}
    for number, row in enumerate(rows):
        spans = frozenset(Span(s["start"], s["end"], s["label"]) for s in row["spans"])
        parts.setdefault(row["split"], []).append(Example(number, row["text"], Spans(spans)))
    labels = tuple(sorted({span["label"] for row in rows for span in row["spans"]}))
    return Field("spans", FieldKind.SPANS, labels, "text", ("text",)), parts["train"], parts["test"]


def measured(
    name: str,
    field: Field,
    train: Sequence[Example],
    test: Sequence[Example],
    size: int,
    seeds: int,
    encode: Encode,
) -> Point:
    """Return the point of one learner and size; seeds draw the training documents."""
    runs = [run(name, field, drawn(train, size, seed), test, seed, encode) for seed in range(seeds)]
    strict, partial, exact, calibration, fit_s, speed = (list(column) for column in zip(*runs, strict=True))
    print(f"{name} {size}: {strict}", file=sys.stderr)
    return Point(
        learner=name,
        documents=size,
        strict=mean(strict),
        strict_band=(min(strict), max(strict)),
        partial=mean(partial),
        exact_documents=mean(exact),
        calibration_error=mean(calibration),
        fit_s=mean(fit_s),
        texts_per_s=mean(speed),
    )


def run(
    name: str, field: Field, train: Sequence[Example], test: Sequence[Example], seed: int, encode: Encode
) -> tuple[float, ...]:
    """Return strict F1, partial F1, share of exact documents, calibration error, seconds of the fit, texts a second."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        model = learner(name).fit(field, train, FitContext(encode, Path(folder), seed=seed))
        fitted = time.perf_counter()
        answers = model.predict([example.text for example in test])
        ended = time.perf_counter()
    pairs = [
        (people.value, answer.value)
        for people, answer in zip(test, answers, strict=True)
        if isinstance(people.value, Spans) and isinstance(answer.value, Spans)
    ]
    right = np.array([people == model_said for people, model_said in pairs])
    return (
        span_score(pairs, Match.STRICT, seed=seed).counts.f1,
        span_score(pairs, Match.PARTIAL, seed=seed).counts.f1,
        float(right.mean()),
        calibration_error(np.array([answer.confidence for answer in answers]), right) or 0.0,
        fitted - began,
        len(test) / (ended - fitted),
    )


def drawn(examples: Sequence[Example], size: int, seed: int) -> list[Example]:
    """Return so many examples at random."""
    return [examples[n] for n in np.random.default_rng(seed).permutation(len(examples))[:size]]


def table(points: Sequence[Point]) -> str:
    """Return the points as a Markdown table."""
    lines = [
        "| documents | learner | strict F1 | its band | partial F1 | all spans right | calibration error | fit, s |",
        "|---:|---|---:|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {p.documents} | `{p.learner}` | {p.strict:.3f} | {p.strict_band[0]:.3f} … {p.strict_band[1]:.3f} "
        f"| {p.partial:.3f} | {p.exact_documents:.2f} | {p.calibration_error:.2f} | {p.fit_s:.1f} |"
        for p in points
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
