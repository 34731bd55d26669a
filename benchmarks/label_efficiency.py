"""How good a model gets with how few labels: query strategies times learners times labelled files.

    python -m benchmarks.label_efficiency DATA.csv … [--encoder NAME] [--learners logistic,default] [--seeds 3]

DATA is a CSV with the columns text, label and perhaps split, or JSON Lines as `labelloop simulate` reads them; a file
in another language may name its own encoder, `reviews.csv@multilingual-e5-small`. Every strategy is replayed with every
learner by itself, as `labelloop simulate` does, on at most --pool texts to label and all texts of the split `test`.
A table and a picture are written into --output. With --json the figures are one line of JSON, in which `gains` are
what the default strategy with the default learners is above random labels with plain logistic regression.
"""

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from labelloop.encoders.encoder_source import BUNDLED
from labelloop.encoders.open_encoder import load_encoder
from labelloop.errors import UserError
from labelloop.learners.base import ModelContext
from labelloop.log import configure_logging
from labelloop.rules import Rules
from labelloop.settings import Settings
from labelloop.simulate.csv_labels import read_csv
from labelloop.simulate.jsonl_labels import read_jsonl
from labelloop.simulate.labelled_texts import TEST, Labelled
from labelloop.simulate.learning_curve import CurvePoint, curve
from labelloop.simulate.picture import name_of, picture
from labelloop.simulate.replay import replay
from labelloop.simulate.replay_plan import DEFAULT, Machine, Plan

CACHE = Path(".cache/benchmarks")
USUAL: str = Rules.model_fields["strategy"].default
CONTROL = ("random", "logistic")


@dataclass(frozen=True, slots=True)
class Set:
    """A labelled file under its name, the encoder that reads it, and how many texts there are to label."""

    name: str
    encoder: str
    data: Labelled


@dataclass(frozen=True, slots=True)
class Gain:
    """How many points of accuracy and macro-F1 the default is above the control with so many labels."""

    data: str
    labels: int
    accuracy: float
    macro_f1: float


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", help="FILE or FILE@ENCODER")
    parser.add_argument("--encoder", default=BUNDLED, help="as LABELLOOP_ENCODER names it")
    parser.add_argument("--strategies", default=f"random,margin,{USUAL}")
    parser.add_argument("--learners", default=f"logistic,{DEFAULT}")
    parser.add_argument("--rounds", default="50,100,200,400", help="numbers of labels at which rounds close")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pool", type=int, default=4000, help="at most so many texts to label")
    parser.add_argument("--background", action="store_true", help="let the default fit slow learners too")
    parser.add_argument("--output", type=Path, default=CACHE, help="folder for the table and the picture")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    configure_logging("WARNING")
    try:
        sets = [read(text, chosen.encoder, chosen.pool) for text in chosen.data]
    except UserError as error:
        parser.error(str(error))
    rounds = tuple(int(word) for word in chosen.rounds.split(","))
    machine = Machine(os.cpu_count() or 1, chosen.background and _has_gpu(), chosen.background)
    plans = [
        Plan((learner,), strategy, rounds, machine)
        for strategy in chosen.strategies.split(",")
        for learner in chosen.learners.split(",")
    ]
    with Progress(console=Console(stderr=True)) as progress:
        found = {one.name: measure(one, plans, chosen.seeds, progress) for one in sets}
    write(found, chosen.output)
    if chosen.json:
        points = [{"data": name, **asdict(point)} for name, points in found.items() for point in points]
        print(json.dumps({"curve": points, "gains": [asdict(gain) for gain in gains(found)]}))
    else:
        print(table(found))


def read(text: str, encoder: str, pool: int) -> Set:
    """Return a set with at most `pool` texts to label, drawn by a seed of its own, and every test text."""
    file, _, own = text.partition("@")
    path = Path(file)
    whole = read_jsonl(path) if path.suffix == ".jsonl" else read_csv(path)
    order = [whole.rows[row] for row in np.random.default_rng(0).permutation(len(whole.rows))]
    to_label, test = ([row for row in order if (row.split == TEST) is wanted] for wanted in (False, True))
    name = path.parent.name if path.stem == "items" else path.stem
    return Set(name, own or encoder, Labelled(whole.field, (*to_label[:pool], *test)))


def measure(one: Set, plans: Sequence[Plan], seeds: int, progress: Progress) -> list[CurvePoint]:
    """Replay every plan with every seed."""
    encoder = load_encoder(Settings(_env_file=None, data_dir=CACHE, encoder=one.encoder))
    reading = progress.add_task(f"{one.name}: encoding", total=None)
    encoder([row.text for row in one.data.rows], lambda n, of: progress.update(reading, completed=n, total=of))
    progress.update(reading, total=1, completed=1)
    bar = progress.add_task(f"{one.name}: fitting", total=seeds * sum(plan.fits(one.data.field) for plan in plans))
    try:
        return curve(
            point
            for plan in plans
            for seed in range(seeds)
            for point in replay(
                one.data, plan, seed=seed, context=ModelContext(encoder), tick=lambda: progress.advance(bar)
            )
        )
    finally:
        encoder.close()


def gains(found: dict[str, list[CurvePoint]]) -> Iterator[Gain]:
    """Yield, for every set and number of labels that both were measured at, the default less the control."""
    for name, points in found.items():
        by = {(point.strategy, point.learner, point.labels): point for point in points}
        for labels in sorted({point.labels for point in points}):
            ours, theirs = by.get((USUAL, DEFAULT, labels)), by.get((*CONTROL, labels))
            if ours and theirs:
                f1 = (ours.macro_f1 or 0.0) - (theirs.macro_f1 or 0.0)
                yield Gain(name, labels, 100 * (ours.accuracy - theirs.accuracy), 100 * f1)


def table(found: dict[str, list[CurvePoint]]) -> str:
    """Return the figures as Markdown: accuracy with its spread over the runs, macro-F1, seconds of a fit."""
    lines = []
    for name, points in found.items():
        labels = sorted({point.labels for point in points})
        lines += [f"| {name} | {' | '.join(map(str, labels))} |", f"|---{'|---' * len(labels)}|"]
        for curve_name, group in groupby(points, key=name_of):
            lines.append(f"| {curve_name} | {' | '.join(_cell(point) for point in group)} |")
        lines.append("")
    return "\n".join(lines)


def _cell(point: CurvePoint) -> str:
    f1 = "" if point.macro_f1 is None else f", F1 {100 * point.macro_f1:.1f}"
    return f"{100 * point.accuracy:.1f} ± {100 * point.accuracy_sd:.1f}{f1}, {point.seconds:.1f} s"


def write(found: dict[str, list[CurvePoint]], folder: Path) -> None:
    """Write `label_efficiency.md` and `label_efficiency.svg`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "label_efficiency.md").write_text(table(found) + "\n", "utf-8")
    (folder / "label_efficiency.svg").write_text(picture(found), "utf-8")


def _has_gpu() -> bool:
    from labelloop.learners.training.device import best_device

    return best_device().type == "cuda"


if __name__ == "__main__":
    main()
