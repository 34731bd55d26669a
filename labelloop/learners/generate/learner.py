"""Any Hugging Face language model trained to write what people wrote."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Text
from labelloop.errors import UserError
from labelloop.learners.base import Example, FitContext
from labelloop.learners.calibration.platt import PlattScaling
from labelloop.learners.generate.fit import MAX_TOKENS, train_generator, written
from labelloop.learners.model_io import damage_reported, read_json, write_json
from labelloop.learners.training.checkpoint_learner import CheckpointLearner
from labelloop.learners.training.checkpoint_ref import CheckpointRef, restore
from labelloop.learners.training.dataset import dataset
from labelloop.learners.training.text_generator import TextGenerator, load_language_model

ABOUT = "generate.json"


@dataclass(frozen=True, slots=True)
class GenerateMetadata:
    """What a saved model says of itself beside its weights.

    `guess` is the commonest answer, for texts of which the network writes nothing; `most` counts the tokens of an
    answer; slope and offset are those of the confidence's curve.
    """

    guess: str
    origin: CheckpointRef
    most: int
    slope: float
    offset: float


@dataclass(frozen=True, slots=True, eq=False)
class GenerateModel:
    """Implements Model: a network of its own, run by torch."""

    metadata: GenerateMetadata
    writer: TextGenerator

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one answer per text, written alone; its margin is the mean probability of its tokens."""
        found = [written(self.writer, self.metadata.guess, text) for text in texts]
        sure = PlattScaling(self.metadata.slope, self.metadata.offset)([score for _, score in found])
        return [
            Prediction(Text(answer), score, float(p), fallback=not score)
            for (answer, score), p in zip(found, sure, strict=True)
        ]

    def save(self, directory: Path) -> None:
        """Write weights (safetensors), tokenizer and `generate.json`; of a large checkpoint only what was trained."""
        self.writer.save(directory)
        write_json(directory / ABOUT, asdict(self.metadata))


class GenerateLearner(CheckpointLearner[GenerateModel]):
    """Implements Learner: `generate:CHECKPOINT`, a folder or a Hugging Face id of a language model in safetensors.

    A fifth of the examples is held out: it says when to stop and how sure the model may be. A checkpoint of 400 million
    weights or more is adapted (LoRA) and stored without its own weights. Serving needs torch.
    """

    name = "generate"
    kinds = frozenset({FieldKind.TEXT})

    def __init__(self, checkpoint: str) -> None:
        if not checkpoint.strip():
            raise UserError("`generate` needs a checkpoint: write `generate:FOLDER` or `generate:HUGGING-FACE-ID`.")
        super().__init__(checkpoint)

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> GenerateModel:
        """Fit a model to the examples; raises NothingToLearn, Diverged, OutOfMemory or another UserError."""
        table = dataset(field, examples)
        counts = Counter(str(value).strip() for value in table.values)
        guess = min(counts, key=lambda answer: (-counts[answer], answer))
        with self.run(context, most=MAX_TOKENS) as run:
            writer, curve = train_generator(run, table, guess)
        context.report(1.0)
        return GenerateModel(GenerateMetadata(guess, run.ref(writer), writer.most, curve.slope, curve.offset), writer)

    def restored(self, directory: Path) -> GenerateModel:
        """Return the model that was saved; raises as `load` does."""
        with damage_reported(directory):
            about = read_json(directory / ABOUT)
            metadata = GenerateMetadata(**about | {"origin": CheckpointRef(**about["origin"])})
        make = partial(TextGenerator, most=metadata.most)
        writer = restore(metadata.origin, directory, lambda name, base, **_: load_language_model(name, base), make)
        return GenerateModel(metadata, writer)
