"""Any Hugging Face checkpoint, encoder or decoder, trained on the labels."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from labelloop.domain.schema import Field
from labelloop.domain.values import LABEL_KINDS, FieldKind
from labelloop.learners.base import Classifier, Encode, Example, Probabilities, Scratch
from labelloop.learners.logistic import probabilities
from labelloop.learners.stored import told_plainly
from labelloop.learners.tuning.head import fitted_head
from labelloop.learners.tuning.material import material
from labelloop.learners.tuning.origin import Origin, origin_of, revive
from labelloop.learners.tuning.reader import Reader

if TYPE_CHECKING:
    from labelloop.learners.tuning.network import Network

ABOUT = "head.json"
_NO_VECTORS = np.empty((0, 0))


@dataclass(frozen=True, slots=True)
class About:
    """What a saved model says of itself beside its weights.

    `constant` are the logits of every text where there was nothing to tell apart, and then there are no weights.
    """

    labels: tuple[str, ...]
    kind: FieldKind
    temperature: float = 1.0
    origin: Origin | None = None
    constant: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FinetunedModel(Classifier):
    """Implements Model: a network of its own, run by torch, or a constant."""

    labels: tuple[str, ...]
    kind: FieldKind
    about: About
    network: "Network | None"

    def predict(self, texts: Sequence[str]) -> Probabilities:
        """Return calibrated probabilities, shape (len(texts), len(labels))."""
        if self.network is None:
            return probabilities(self.kind, np.tile(self.about.constant, (len(texts), 1)))
        return probabilities(self.kind, self.network.logits(texts) / self.about.temperature)

    def save(self, directory: Path) -> None:
        """Write weights (safetensors), tokenizer and `head.json`; of a large checkpoint only what was trained."""
        if self.network is not None:
            self.network.save(directory)
        text = json.dumps(asdict(self.about), ensure_ascii=False, sort_keys=True)
        (directory / ABOUT).write_text(text + "\n", "utf-8")


class FinetuneLearner:
    """Implements Learner: `finetune:CHECKPOINT`, a folder or a Hugging Face id; without it the project's encoder.

    A fifth of the examples is held out: it says when to stop and which temperature is honest. Rare labels weigh more.
    A checkpoint of 400 million weights or more is adapted (LoRA), not trained whole; such a model is stored without
    the checkpoint, which must then stay where it is. A GPU is used where there is one. Where all labels are the same
    the answer is a constant, as `linear` gives it. Serving needs torch.
    """

    name = "finetune"
    kinds = LABEL_KINDS - {FieldKind.PAIRWISE}  # it would have to be told that left and right may be exchanged
    background = True

    def __init__(self, checkpoint: str = "") -> None:
        self._checkpoint = checkpoint

    def fit(
        self,
        field: Field,
        examples: Sequence[Example],
        *,
        pool: Sequence[str] = (),  # noqa: ARG002
        encode: Encode,
        seed: int,
        scratch: Scratch,
    ) -> FinetunedModel:
        """Fit a model to the examples; raises NothingToLearn, Diverged, OutOfMemory or another UserError."""
        from labelloop.learners.tuning.finetune_fit import fine_tuned

        table = material(field, examples)
        if not table.learnable:
            about = About(table.labels, table.kind, constant=tuple(map(float, fitted_head(table, _NO_VECTORS).bias)))
            return FinetunedModel(table.labels, table.kind, about, None)
        checkpoint = self._checkpoint or encode.source
        trained = fine_tuned(table, checkpoint, seed=seed, scratch=scratch)
        origin = origin_of(checkpoint, trained.folder, trained.network)
        about = About(table.labels, table.kind, trained.temperature, origin)
        scratch.report(1.0)
        return FinetunedModel(table.labels, table.kind, about, trained.network)

    def load(self, directory: Path, *, encode: Encode) -> FinetunedModel:  # noqa: ARG002
        """Read a saved model; raises BrokenPromise if it cannot be read, UserError if its checkpoint is gone."""
        about = _read(directory)
        network = _revived(about.origin, directory, len(about.labels)) if about.origin else None
        return FinetunedModel(about.labels, about.kind, about, network)


def _read(directory: Path) -> About:
    with told_plainly(directory):
        told = json.loads((directory / ABOUT).read_text("utf-8"))
        return About(
            labels=tuple(told["labels"]),
            kind=FieldKind(told["kind"]),
            temperature=told["temperature"],
            origin=Origin(**told["origin"]) if told["origin"] else None,
            constant=tuple(told["constant"]),
        )


def _revived(origin: Origin, directory: Path, outputs: int) -> "Network":
    from labelloop.learners.tuning.device import best_device
    from labelloop.learners.tuning.network import Network
    from labelloop.learners.tuning.pretrained import load_network

    def made(base: Path, reader: Reader) -> Network:
        body = load_network(origin.checkpoint, base, outputs=outputs, pad_id=reader.pad_id)
        return Network(body, reader, best_device(), adapted=origin.adapted)

    return revive(origin, directory, made)
