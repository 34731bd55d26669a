"""What the linear learners return: one expert or two over the encoder's vectors, and how loudly each speaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from labelloop.domain.predictions import Prediction
from labelloop.domain.values import FieldKind
from labelloop.encoders.base import Encode
from labelloop.learners.base import Classifier, Probabilities
from labelloop.learners.calibration.platt import PlattScaling
from labelloop.learners.calibration.temperature import pooled
from labelloop.learners.calibration.thresholds import Thresholds
from labelloop.learners.linear.graph_smoothing import Smoothed
from labelloop.learners.linear.out_of_fold import Expert
from labelloop.learners.linear.text_features import Features, Shape
from labelloop.learners.logistic_head import Head, Matrix, probabilities, several
from labelloop.learners.model_io import check_encoder, damage_reported, read_json, write_arrays, write_json
from labelloop.learners.shared_texts import made_once


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
    inverse_temperatures: tuple[float, ...]
    thresholds: Thresholds | None
    features: Features

    def predict_proba(self, texts: Sequence[str]) -> Probabilities:
        """Return calibrated probabilities, shape (len(texts), len(labels))."""
        rows = np.zeros((len(texts), len(self.labels)))
        columns = [self.labels.index(label) for label in self.seen]
        # A stack of single rows, since the last digits of a product of matrices depend on how many rows they have.
        stack = self.features(texts)[:, np.newaxis]
        logits = tuple(self._logits(expert, texts, stack) for expert in self.experts)
        rows[:, columns] = probabilities(self.kind, pooled(logits, self.inverse_temperatures))[:, 0]
        return rows

    def _logits(self, expert: Expert, texts: Sequence[str], stack: Matrix) -> Matrix:
        if isinstance(expert, Head):
            return expert.logits(stack)
        memory, key = expert.memory, self.features.key
        look = made_once(texts, (key, "look"), lambda: memory.look(stack[:, 0]))
        near = made_once(texts, (key, memory.digest), lambda: memory.neighbours(look))
        return expert.logits(stack, near)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one answer per text."""
        if self.thresholds is None:
            return Classifier.predict(self, texts)
        return self.thresholds.answers(self.labels, self.predict_proba(texts))

    def save(self, directory: Path) -> None:
        """Write `head.safetensors` and `head.json`; the same model always has the same bytes."""
        write_arrays(directory / "head.safetensors", _arrays(self.experts))
        about = {
            "labels": self.labels,
            "seen": self.seen,
            "kind": self.kind,
            "inputs": self.features.shape,
            "powers": self.inverse_temperatures,
            "encoder": self.features.encode.digest,
        }
        if self.thresholds is not None:
            curve = self.thresholds.curve
            about |= {"thresholds": self.thresholds.of_labels, "confidence": (curve.slope, curve.offset)}
        write_json(directory / "head.json", about)


def load_linear_model(directory: Path, encode: Encode) -> LinearModel:
    """Read a saved model; raises BrokenPromise if it was fitted with another encoder or cannot be read."""
    with damage_reported(directory):
        about = read_json(directory / "head.json")
        check_encoder(directory, about["encoder"], encode)
        arrays = load_file(directory / "head.safetensors")
        kind, thresholds = FieldKind(about["kind"]), None
        if several(kind):
            thresholds = Thresholds(tuple(about["thresholds"]), PlattScaling(*about["confidence"]))
        return LinearModel(
            labels=tuple(about["labels"]),
            seen=tuple(about["seen"]),
            kind=kind,
            experts=tuple(_expert(kind, arrays, number) for number in range(len(about["powers"]))),
            inverse_temperatures=tuple(about["powers"]),
            thresholds=thresholds,
            features=Features(Shape(about["inputs"]), encode),
        )


def _arrays(experts: Sequence[Expert]) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for number, expert in enumerate(experts):
        head = expert.head if isinstance(expert, Smoothed) else expert
        arrays |= {f"{number}.weights": head.weights, f"{number}.bias": head.bias}
        if isinstance(expert, Smoothed):
            arrays[f"{number}.memory"] = expert.remembered
    return arrays


def _expert(kind: FieldKind, arrays: dict[str, NDArray[Any]], number: int) -> Expert:
    head = Head(arrays[f"{number}.weights"], arrays[f"{number}.bias"])
    memory = arrays.get(f"{number}.memory")
    return head if memory is None else Smoothed(kind, head, memory)
