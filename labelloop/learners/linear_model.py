"""What the linear learners return: one expert or two over the encoder's vectors, and how loudly each speaks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from labelloop.domain.predictions import Answer
from labelloop.domain.values import FieldKind
from labelloop.encoders.base import Encode
from labelloop.learners.base import Classifier, Probabilities
from labelloop.learners.features import Features, Shape
from labelloop.learners.logistic import Head, probabilities, several
from labelloop.learners.out_of_fold import Expert
from labelloop.learners.platt import Curve
from labelloop.learners.smoothing import Smoothed
from labelloop.learners.stored import check_encoder, told_plainly
from labelloop.learners.temperature import pooled
from labelloop.learners.thresholds import Thresholds


@dataclass(frozen=True, slots=True, eq=False)
class LinearModel(Classifier):
    """Implements Classifier: the experts' logits, each times its power, added up.

    `seen` names the labels that the experts know, all or part of `labels`; the
    others have probability 0. `thresholds` are for kinds whose tasks may have several labels.
    """

    labels: tuple[str, ...]
    seen: tuple[str, ...]
    kind: FieldKind
    experts: tuple[Expert, ...]
    powers: tuple[float, ...]
    thresholds: Thresholds | None
    features: Features

    def predict(self, texts: Sequence[str]) -> Probabilities:
        """Return calibrated probabilities, shape (len(texts), len(labels))."""
        rows = np.zeros((len(texts), len(self.labels)))
        columns = [self.labels.index(label) for label in self.seen]
        # One by one, since the last digits of a product of matrices depend on how many rows they have.
        for row, vector in zip(rows, self.features(texts), strict=True):
            logits = tuple(expert.logits(vector[np.newaxis]) for expert in self.experts)
            row[columns] = probabilities(self.kind, pooled(logits, self.powers))[0]
        return rows

    def answer(self, texts: Sequence[str]) -> list[Answer]:
        """Return one answer per text."""
        if self.thresholds is None:
            return Classifier.answer(self, texts)
        return self.thresholds.answers(self.labels, self.predict(texts))

    def save(self, directory: Path) -> None:
        """Write `head.safetensors` and `head.json`; the same model always has the same bytes."""
        save_file(_arrays(self.experts), directory / "head.safetensors")
        about = {
            "labels": self.labels,
            "seen": self.seen,
            "kind": self.kind,
            "inputs": self.features.shape,
            "powers": self.powers,
            "encoder": self.features.encode.digest,
        }
        if self.thresholds is not None:
            curve = self.thresholds.curve
            about |= {"thresholds": self.thresholds.of_labels, "confidence": (curve.slope, curve.offset)}
        (directory / "head.json").write_text(json.dumps(about, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")


def load_linear_model(directory: Path, encode: Encode) -> LinearModel:
    """Read a saved model; raises BrokenPromise if it was fitted with another encoder or cannot be read."""
    with told_plainly(directory):
        about = json.loads((directory / "head.json").read_text("utf-8"))
        arrays = load_file(directory / "head.safetensors")
        kind = FieldKind(about["kind"])
        model = LinearModel(
            labels=tuple(about["labels"]),
            seen=tuple(about["seen"]),
            kind=kind,
            experts=tuple(_expert(kind, arrays, number) for number in range(len(about["powers"]))),
            powers=tuple(about["powers"]),
            thresholds=Thresholds(tuple(about["thresholds"]), Curve(*about["confidence"])) if several(kind) else None,
            features=Features(Shape(about["inputs"]), encode),
        )
        fitted_with = about["encoder"]
    check_encoder(directory, fitted_with, encode)
    return model


def _arrays(experts: Sequence[Expert]) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for number, expert in enumerate(experts):
        head = expert.head if isinstance(expert, Smoothed) else expert
        # save_file writes memory as it lies, whatever the array's order of axes.
        arrays[f"{number}.weights"] = np.ascontiguousarray(head.weights)
        arrays[f"{number}.bias"] = np.ascontiguousarray(head.bias)
        if isinstance(expert, Smoothed):
            arrays[f"{number}.memory"] = np.ascontiguousarray(expert.memory)
    return arrays


def _expert(kind: FieldKind, arrays: dict[str, NDArray[Any]], number: int) -> Expert:
    head = Head(arrays[f"{number}.weights"], arrays[f"{number}.bias"])
    memory = arrays.get(f"{number}.memory")
    return head if memory is None else Smoothed(kind, head, memory)
