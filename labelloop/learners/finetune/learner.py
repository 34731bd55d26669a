"""Any Hugging Face checkpoint, encoder or decoder, trained on the labels."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from labelloop.domain.schema import Field
from labelloop.domain.values import LABEL_KINDS, FieldKind
from labelloop.learners.base import Classifier, Example, FitContext, Probabilities
from labelloop.learners.folds import validation_part
from labelloop.learners.logistic_head import probabilities
from labelloop.learners.model_io import damage_reported, read_json, write_json
from labelloop.learners.training.checkpoint_learner import CheckpointLearner
from labelloop.learners.training.checkpoint_ref import CheckpointRef, restore
from labelloop.learners.training.dataset import dataset
from labelloop.learners.training.fitted_head import fitted_head
from labelloop.learners.training.network import Network
from labelloop.learners.training.pretrained import load_classifier
from labelloop.learners.training.run import is_large
from labelloop.learners.training.trainer import Trainer

ABOUT = "head.json"
_NO_VECTORS = np.empty((0, 0))


@dataclass(frozen=True, slots=True)
class FinetuneMetadata:
    """What a saved model says of itself beside its weights.

    `constant` are the logits of every text where there was nothing to tell apart, and then there are no weights.
    """

    labels: tuple[str, ...]
    kind: FieldKind
    temperature: float = 1.0
    origin: CheckpointRef | None = None
    constant: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FinetunedModel(Classifier):
    """Implements Model: a network of its own, run by torch, or a constant."""

    labels: tuple[str, ...]
    kind: FieldKind
    metadata: FinetuneMetadata
    network: Network | None

    def predict_proba(self, texts: Sequence[str]) -> Probabilities:
        """Return calibrated probabilities, shape (len(texts), len(labels))."""
        if self.network is None:
            return probabilities(self.kind, np.tile(self.metadata.constant, (len(texts), 1)))
        return probabilities(self.kind, self.network.logits(texts) / self.metadata.temperature)

    def save(self, directory: Path) -> None:
        """Write weights (safetensors), tokenizer and `head.json`; of a large checkpoint only what was trained."""
        if self.network is not None:
            self.network.save(directory)
        write_json(directory / ABOUT, asdict(self.metadata))


class FinetuneLearner(CheckpointLearner[FinetunedModel]):
    """Implements Learner: `finetune:CHECKPOINT`, a folder or a Hugging Face id; without it the project's encoder.

    A fifth of the examples is held out: it says when to stop and which temperature is honest. Rare labels weigh more.
    A checkpoint of 400 million weights or more is adapted (LoRA), not trained whole; such a model is stored without
    the checkpoint, which must then stay where it is. A GPU is used where there is one. Where all labels are the same
    the answer is a constant, as `linear` gives it. Serving needs torch.
    """

    name = "finetune"
    kinds = LABEL_KINDS - {FieldKind.PAIRWISE}  # it would have to be told that left and right may be exchanged

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> FinetunedModel:
        """Fit a model to the examples; raises NothingToLearn, Diverged, OutOfMemory or another UserError."""
        table = dataset(field, examples)
        if not table.learnable:
            constant = tuple(map(float, fitted_head(table, _NO_VECTORS).bias))
            return FinetunedModel(
                table.labels, table.kind, FinetuneMetadata(table.labels, table.kind, constant=constant), None
            )
        with self.run(context) as run:
            body = load_classifier(run.checkpoint, run.folder, outputs=len(table.labels), pad_id=run.reader.pad_id)
            network = Network(body, run.reader, adapted=is_large(body))
            best = run.trainer(Trainer, network, table, validation_part(table.truth, context.seed)).train()
        metadata = FinetuneMetadata(table.labels, table.kind, best.temperature if best else 1.0, run.ref(network))
        context.report(1.0)
        return FinetunedModel(table.labels, table.kind, metadata, network)

    def restored(self, directory: Path) -> FinetunedModel:
        """Return the model that was saved; raises as `load` does."""
        metadata = _read(directory)
        load = partial(load_classifier, outputs=len(metadata.labels))
        network = restore(metadata.origin, directory, load, Network) if metadata.origin else None
        return FinetunedModel(metadata.labels, metadata.kind, metadata, network)


def _read(directory: Path) -> FinetuneMetadata:
    with damage_reported(directory):
        about = read_json(directory / ABOUT)
        return FinetuneMetadata(
            labels=tuple(about["labels"]),
            kind=FieldKind(about["kind"]),
            temperature=about["temperature"],
            origin=CheckpointRef(**about["origin"]) if about["origin"] else None,
            constant=tuple(about["constant"]),
        )
