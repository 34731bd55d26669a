"""What `/predict` takes where it relates the regions of each task pair by pair.

    python -m benchmarks.relations [--tasks 50] [--regions 9] [--long 0] [--encoder NAME] [--json]

Made-up texts, in each of which a stand-in marks so many names; `linear`, fitted to 20 other texts, says of up to 30
pairs of them which person is in which place. All fields in one answer, as the ML backend gives it between the request
and the response. With `--long` so many characters without names stand before each text.
"""

import argparse
import json
import random
import resource
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from labelloop.domain.predictions import Prediction
from labelloop.domain.relations import Relation
from labelloop.domain.units import pairs_of, with_regions
from labelloop.domain.values import Relations, Span, Spans
from labelloop.encoders.encoder_source import BUNDLED
from labelloop.encoders.encoder_spec import WINDOWS, EncoderSpec
from labelloop.encoders.open_encoder import NamedEncoder, export_directory, load_encoder, open_encoder
from labelloop.encoders.vectors import CachedEncoder
from labelloop.learners.base import Example, FitContext
from labelloop.learners.by_pair import PairLearner
from labelloop.learners.linear.learner import LinearLearner
from labelloop.log import configure_logging
from ml_backend.predict import pre_annotate
from ml_backend.snapshot import Loaded, Snapshot
from sync.config.label_config import parse

CACHE = Path(".cache/benchmarks/cache")
CONFIG = (
    '<View><Text name="t" value="$text"/>'
    '<Labels name="who" toName="t"><Label value="Person"/><Label value="Place"/></Labels>'
    '<Relations><Relation value="in"/></Relations></View>'
)
NAMES = {f"{name}{n}": label for n in range(6) for name, label in (("Ada", "Person"), ("Brno", "Place"))}
WORDS = ("the", "a", "my", "was", "is", "not", "again", "since", "Monday", "please", "help", "with", "and", "soon")
AGAIN, FITTED = 10, 20


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one answer: pairs, milliseconds with texts that nobody encoded before, once more, and of the regions alone.

    `memory_mb` is how much more the process takes at its peak after these answers, in MiB.
    """

    pairs: int
    cold_ms: float
    warm_ms: float
    regions_ms: float
    memory_mb: float


class FindsNames:
    """Implements Model: marks the names."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return every name with its label."""
        return [Prediction(marks(text), 0.5, 0.9) for text in texts]

    def save(self, directory: Path) -> None:
        """Refuse: it is never kept."""
        raise NotImplementedError


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=50)
    parser.add_argument("--regions", type=int, default=9, help="names in each text, up to 12")
    parser.add_argument("--long", type=int, default=0, help="characters before each text")
    parser.add_argument("--encoder", default=BUNDLED)
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    chosen = parser.parse_args()
    configure_logging("ERROR")
    settings = NamedEncoder(EncoderSpec(chosen.encoder, windows=WINDOWS), CACHE)
    load_encoder(settings).close()
    encode = CachedEncoder(open_encoder(export_directory(settings), WINDOWS), None)
    before = "word " * (chosen.long // 5)
    texts = [before + sentence(n, chosen.regions) for n in range(FITTED + chosen.tasks)]
    found = asdict(figures(encode, texts))
    lines = "\n".join(f"{name:12} {figure:10.1f}" for name, figure in found.items())
    print(json.dumps(found) if chosen.json else lines)


def figures(encode: CachedEncoder, texts: Sequence[str]) -> Figures:
    """Fit to the first texts, predict for the others."""
    who, related = parse(CONFIG).fields
    examples = [
        Example(n, with_regions(text, marks(text).spans), relations(text)) for n, text in enumerate(texts[:FITTED])
    ]
    model = PairLearner(LinearLearner()).fit(related, examples, FitContext(encode))
    versions = (Loaded("v1", who, FindsNames()), Loaded("v2", related, model))
    asked = texts[FITTED:]
    started = peak_mb()
    cold = spent(versions, asked)
    warm = statistics.median(spent(versions, asked) for _ in range(AGAIN))
    regions = statistics.median(spent(versions[:1], asked) for _ in range(AGAIN))
    pairs = sum(len(pairs_of(n, marks(text))) for n, text in enumerate(asked))
    return Figures(pairs, cold, warm, regions, peak_mb() - started)


def spent(versions: tuple[Loaded, ...], texts: Sequence[str]) -> float:
    """Return the processor's milliseconds that one answer takes."""
    tasks = [{"id": n, "data": {"text": text}} for n, text in enumerate(texts)]
    snapshot = Snapshot(1, "made up", versions, train=frozenset(range(len(texts))))
    started = time.thread_time()
    assert all(pre_annotate(snapshot, CONFIG, tasks))
    return 1000 * (time.thread_time() - started)


def sentence(number: int, regions: int) -> str:
    """Return a made-up text with so many names; no two are equal."""
    draw = random.Random(number)
    names = draw.sample(sorted(NAMES), regions)
    return " ".join([word for name in names for word in (*draw.choices(WORDS, k=4), name)] + [str(number)])


def marks(text: str) -> Spans:
    """Return the names that stand in a text."""
    found = ((text.find(name), name) for name in NAMES)
    return Spans(frozenset(Span(at, at + len(name), NAMES[name]) for at, name in found if at >= 0))


def relations(text: str) -> Relations:
    """Return that a person is in the place that is named after them."""
    spans = marks(text)
    pairs = ((pair.head, pair.tail) for pair in pairs_of(0, spans))
    related = (Relation(head, tail, "in") for head, tail in pairs if (head.label, tail.label) == ("Person", "Place"))
    return Relations(spans.spans, frozenset(related))


def peak_mb() -> float:
    """Return the most memory that the process has taken so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
