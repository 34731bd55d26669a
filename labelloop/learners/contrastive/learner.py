"""The project's encoder tuned on the labels, then logistic regression: the largest gain where labels are few."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from labelloop.domain.schema import Field
from labelloop.domain.values import LABEL_KINDS, FieldKind
from labelloop.encoders.manifest import FILES, MANIFEST, read_manifest
from labelloop.encoders.open_encoder import open_encoder
from labelloop.encoders.vectors import CachedEncoder
from labelloop.errors import BrokenPromise
from labelloop.learners.base import Classifier, Encode, Example, FitContext, ModelContext, Probabilities
from labelloop.learners.logistic_head import Head, probabilities
from labelloop.learners.model_io import damage_reported, read_json, write_arrays, write_json
from labelloop.learners.training.dataset import dataset
from labelloop.learners.training.fitted_head import fitted_head

HEAD = "head.safetensors"
ABOUT = "head.json"


@dataclass(frozen=True, slots=True, eq=False)
class ContrastiveModel(Classifier):
    """Implements Model: a linear head over the vectors of an encoder of its own.

    The encoder came from `folder`. It answers from memory; only to be saved it must still lie there.
    """

    labels: tuple[str, ...]
    kind: FieldKind
    head: Head
    temperature: float
    folder: Path
    encode: Encode

    def predict_proba(self, texts: Sequence[str]) -> Probabilities:
        """Return calibrated probabilities, shape (len(texts), len(labels))."""
        return probabilities(self.kind, self.head.logits(self.encode(texts)) / self.temperature)

    def save(self, directory: Path) -> None:
        """Write the head (safetensors and JSON) and the encoder (ONNX), so that nothing else is needed to serve.

        Raises BrokenPromise if the encoder is gone from its folder, or another fit has put its own there.
        """
        self._copy_encoder(directory)
        write_arrays(directory / HEAD, {"weights": self.head.weights, "bias": self.head.bias})
        about = {"labels": self.labels, "kind": self.kind, "temperature": self.temperature}
        write_json(directory / ABOUT, about)

    def _copy_encoder(self, directory: Path) -> None:
        try:
            if read_manifest(self.folder).digest != self.encode.digest:
                raise BrokenPromise("another one lies there")
            for name in (*FILES, MANIFEST):
                shutil.copyfile(self.folder / name, directory / name)
        except (OSError, BrokenPromise) as error:
            raise BrokenPromise(
                f"The encoder of this model is gone from {self.folder} ({error}): save a model before the folder it "
                "was fitted in or loaded from is deleted or used again."
            ) from error


class ContrastiveLearner:
    """Implements Learner: SetFit-like tuning of the encoder, then a head as `linear` has it; minutes on a CPU.

    First it rehearses on three quarters of the examples, looking at the last quarter, to find how many steps are best
    and which temperature is honest; none may be best. Then it tunes on all of them. A model carries its own encoder,
    so it goes on serving when the project's is exchanged, and serving needs no torch.
    """

    name = "contrastive"
    kinds = LABEL_KINDS - {FieldKind.PAIRWISE}  # it takes two vectors to compare two inputs
    background = True

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> ContrastiveModel:
        """Fit a model to the examples; raises NothingToLearn, Diverged or OutOfMemory."""
        from labelloop.learners.contrastive.fit import tuned_encoder

        table = dataset(field, examples)
        folder = context.path("encoder")
        temperature = tuned_encoder(table, folder, context)
        own = _opened(folder)
        head = fitted_head(table, own(table.texts).astype(np.float64))
        return ContrastiveModel(table.labels, table.kind, head, temperature, folder, own)

    def load(self, directory: Path, context: ModelContext) -> ContrastiveModel:  # noqa: ARG002
        """Read a saved model, which has its own encoder; raises BrokenPromise if it cannot be read."""
        with damage_reported(directory):
            about = read_json(directory / ABOUT)
            arrays = load_file(directory / HEAD)
            head, kind = Head(arrays["weights"], arrays["bias"]), FieldKind(about["kind"])
            labels, temperature = tuple(about["labels"]), float(about["temperature"])
        return ContrastiveModel(labels, kind, head, temperature, directory, _opened(directory))


def _opened(folder: Path) -> CachedEncoder:
    return CachedEncoder(open_encoder(folder), None)
