"""Any Hugging Face language model trained to write what people wrote."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labelloop.domain.predictions import Answer
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Text
from labelloop.errors import UserError
from labelloop.learners.base import Encode, Example, Scratch
from labelloop.learners.platt import Curve
from labelloop.learners.stored import told_plainly
from labelloop.learners.tuning.material import material
from labelloop.learners.tuning.origin import Origin, origin_of, revive
from labelloop.learners.tuning.reader import Reader

if TYPE_CHECKING:
    from labelloop.learners.tuning.writer import Writer

ABOUT = "generate.json"


@dataclass(frozen=True, slots=True)
class About:
    """What a saved model says of itself beside its weights.

    `guess` is the commonest answer, for texts of which the network writes nothing; `most` counts the tokens of an
    answer; slope and offset are those of the confidence's curve.
    """

    guess: str
    origin: Origin
    most: int
    slope: float
    offset: float


@dataclass(frozen=True, slots=True, eq=False)
class GenerateModel:
    """Implements Model: a network of its own, run by torch."""

    about: About
    writer: "Writer"

    def answer(self, texts: Sequence[str]) -> list[Answer]:
        """Return one answer per text, written alone; its margin is the mean probability of its tokens."""
        from labelloop.learners.tuning.generate_fit import written

        found = [written(self.writer, self.about.guess, text) for text in texts]
        sure = Curve(self.about.slope, self.about.offset)([score for _, score in found])
        return [
            Answer(Text(said), score, float(p), stands_in=not score)
            for (said, score), p in zip(found, sure, strict=True)
        ]

    def save(self, directory: Path) -> None:
        """Write weights (safetensors), tokenizer and `generate.json`; of a large checkpoint only what was trained."""
        self.writer.save(directory)
        told = json.dumps(asdict(self.about), ensure_ascii=False, sort_keys=True)
        (directory / ABOUT).write_text(told + "\n", "utf-8")


class GenerateLearner:
    """Implements Learner: `generate:CHECKPOINT`, a folder or a Hugging Face id of a language model in safetensors.

    A fifth of the examples is held out: it says when to stop and how sure the model may be. A checkpoint of 400 million
    weights or more is adapted (LoRA) and stored without its own weights. Serving needs torch.
    """

    name = "generate"
    kinds = frozenset({FieldKind.TEXT})
    background = True

    def __init__(self, checkpoint: str) -> None:
        if not checkpoint.strip():
            raise UserError("`generate` needs a checkpoint: write `generate:FOLDER` or `generate:HUGGING-FACE-ID`.")
        self._checkpoint = checkpoint

    def fit(
        self,
        field: Field,
        examples: Sequence[Example],
        *,
        pool: Sequence[str] = (),  # noqa: ARG002
        encode: Encode,  # noqa: ARG002
        seed: int,
        scratch: Scratch,
    ) -> GenerateModel:
        """Fit a model to the examples; raises NothingToLearn, Diverged, OutOfMemory or another UserError."""
        from labelloop.learners.tuning.generate_fit import fine_tuned

        table = material(field, examples)
        counts = Counter(str(value).strip() for value in table.values)
        guess = min(counts, key=lambda said: (-counts[said], said))
        trained = fine_tuned(table, self._checkpoint, guess, seed=seed, scratch=scratch)
        writer = trained.writer
        about = About(
            guess=guess,
            origin=origin_of(self._checkpoint, trained.folder, writer),
            most=writer.most,
            slope=trained.curve.slope,
            offset=trained.curve.offset,
        )
        scratch.report(1.0)
        return GenerateModel(about, writer)

    def load(self, directory: Path, *, encode: Encode) -> GenerateModel:  # noqa: ARG002
        """Read a saved model; raises BrokenPromise if it cannot be read, UserError if its checkpoint is gone."""
        with told_plainly(directory):
            told = json.loads((directory / ABOUT).read_text("utf-8"))
            about = About(**told | {"origin": Origin(**told["origin"])})
        return GenerateModel(about, _revived(about, directory))


def _revived(about: About, directory: Path) -> "Writer":
    from labelloop.learners.tuning.device import best_device
    from labelloop.learners.tuning.writer import Writer, load_body

    def made(base: Path, reader: Reader) -> Writer:
        body = load_body(about.origin.checkpoint, base)
        return Writer(body, reader, best_device(), adapted=about.origin.adapted, most=about.most)

    return revive(about.origin, directory, made)
