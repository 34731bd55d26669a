"""Logistic regression on the vectors of a frozen sentence encoder: seconds on a CPU, and the honest baseline."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, labels_of
from labelloop.encoders.base import Encode
from labelloop.errors import BrokenPromise, NothingToLearn
from labelloop.learners.base import Example, Probabilities
from labelloop.learners.logistic import Head, fit_head
from labelloop.learners.temperature import fit_temperature


@dataclass(frozen=True, slots=True, eq=False)
class LinearModel:
    """Implements Model: a linear head over the encoder's vectors, then one temperature."""

    labels: tuple[str, ...]
    kind: FieldKind
    head: Head
    temperature: float
    encode: Encode

    def predict(self, texts: Sequence[str]) -> Probabilities:
        """Return calibrated probabilities, shape (len(texts), len(labels))."""
        logits = self.head.logits(self.encode(texts)) / self.temperature
        return softmax(logits) if self.kind is FieldKind.CHOICE else sigmoid(logits)

    def save(self, directory: Path) -> None:
        """Write `head.safetensors` and `head.json`; the same model always has the same bytes."""
        arrays = {"weights": self.head.weights, "bias": self.head.bias}
        # save_file writes memory as it lies, whatever the array's order of axes.
        save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, directory / "head.safetensors")
        about = {
            "labels": self.labels,
            "kind": self.kind,
            "temperature": self.temperature,
            "encoder": self.encode.digest,
        }
        (directory / "head.json").write_text(json.dumps(about, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")


class LinearLearner:
    """Implements Learner: multinomial for one choice, one-vs-rest for several; C = 10.

    The model knows the labels seen in training, in the field's order; to others it gives probability 0. Where every
    example says the same there is nothing to tell apart: the answer is then the same for every text, by Laplace's rule
    of succession over all the field's labels. The temperature is fitted on out-of-fold answers (Guo et al. 2017).
    """

    name = "linear"

    def fit(self, field: Field, examples: Sequence[Example], *, encode: Encode, seed: int) -> LinearModel:
        """Fit a model to the examples; raises NothingToLearn if none has a value that the field allows."""
        usable = sorted((e for e in examples if field.allows(e.value)), key=lambda e: (e.task_id, e.text, str(e.value)))
        if not usable:
            raise NothingToLearn(f"No label of {field.name} has settled yet that it still allows: label some tasks.")
        truth = np.array([[label in labels_of(e.value) for label in field.labels] for e in usable])
        seen = np.flatnonzero(truth.any(axis=0))
        if len(seen) < (2 if field.kind is FieldKind.CHOICE else 1):
            labels, head, temperature = field.labels, _constant(field.kind, truth, encode), 1.0
        else:
            labels = tuple(field.labels[column] for column in seen)
            vectors, truth = encode([e.text for e in usable]).astype(np.float64), truth[:, seen]
            head = fit_head(field.kind, vectors, truth)
            temperature = fit_temperature(field.kind, vectors, truth, seed)
        return LinearModel(labels, field.kind, head, temperature, encode)

    def load(self, directory: Path, *, encode: Encode) -> LinearModel:
        """Read a saved model; raises BrokenPromise if it was fitted with another encoder or cannot be read."""
        try:
            about = json.loads((directory / "head.json").read_text("utf-8"))
            arrays = load_file(directory / "head.safetensors")
            head = Head(arrays["weights"], arrays["bias"])
            model = LinearModel(tuple(about["labels"]), FieldKind(about["kind"]), head, about["temperature"], encode)
            fitted_with = about["encoder"]
        except (OSError, ValueError, KeyError) as error:
            raise BrokenPromise(
                f"The model in {directory} cannot be read ({error}): roll back or fit again."
            ) from error
        if fitted_with != encode.digest:
            raise BrokenPromise(
                f"The model in {directory} was fitted with the encoder {fitted_with[:16]}, not {encode.digest[:16]}: "
                "set LABELLOOP_ENCODER* back to what they were, or fit again."
            )
        return model


def softmax(logits: NDArray[np.float64]) -> Probabilities:
    """Return each row's exponentials scaled to sum to 1."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Probabilities = raised / raised.sum(axis=1, keepdims=True)
    return shares


def sigmoid(logits: NDArray[np.float64]) -> Probabilities:
    """Return the logistic function of each number, without overflow."""
    halves: Probabilities = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return halves


def _constant(kind: FieldKind, truth: NDArray[np.bool_], encode: Encode) -> Head:
    counts = truth.sum(axis=0)
    no = len(truth) - counts + 1 if kind is FieldKind.CHOICES else 1
    return Head(np.zeros((len(counts), encode([]).shape[1])), np.log(counts + 1) - np.log(no))
