"""The contract of a learner: `fit(training examples) -> Model`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.schema import Field
from labelloop.domain.values import Value
from labelloop.encoders.base import Encode as Encode
from labelloop.encoders.base import Vectors as Vectors

Probabilities = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """One settled label a learner may learn from."""

    task_id: int
    text: str
    value: Value


class Model(Protocol):
    """What a learner returns; safe to call from several threads at once."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Name the columns of `predict`, in order."""
        ...

    def predict(self, texts: Sequence[str]) -> Probabilities:
        """Return calibrated probabilities, shape (len(texts), len(labels)), each in [0, 1].

        Rows of a `choice` field sum to 1; those of a `choices` field are independent per label.
        """
        ...

    def save(self, directory: Path) -> None:
        """Write everything `Learner.load` needs into an existing, empty directory: safetensors and JSON only."""
        ...


class Learner(Protocol):
    """A recipe, found by its entry point in the group `labelloop.learners`."""

    name: str

    def fit(self, field: Field, examples: Sequence[Example], *, encode: Encode, seed: int) -> Model:
        """Fit a model to the examples (at least one); raises NothingToLearn if they cannot be learned from."""
        ...

    def load(self, directory: Path, *, encode: Encode) -> Model:
        """Read back what `Model.save` wrote; the loaded model predicts the same."""
        ...
