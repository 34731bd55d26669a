"""The contract of a learner: `fit(training examples) -> Model`."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.predictions import Answer, answers
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Value
from labelloop.encoders.base import Encode as Encode
from labelloop.encoders.base import Vectors as Vectors

Probabilities = NDArray[np.float64]


def _nobody(share: float) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Example:
    """One settled label a learner may learn from."""

    task_id: int
    text: str
    value: Value


class Model(Protocol):
    """What a learner returns; safe to call from several threads at once."""

    def answer(self, texts: Sequence[str]) -> list[Answer]:
        """Return one answer per text, the same whatever other texts it is asked with."""
        ...

    def save(self, directory: Path) -> None:
        """Write everything `Learner.load` needs into an existing, empty directory: safetensors and JSON only."""
        ...


class Classifier(ABC):
    """A Model whose answers are labels of the whole task: it says how probable each label is.

    `labels` names the columns of `predict`, in order; those of a rating are all its stars.
    """

    __slots__ = ()
    kind: FieldKind
    labels: tuple[str, ...]

    @abstractmethod
    def predict(self, texts: Sequence[str]) -> Probabilities:
        """Return calibrated probabilities, shape (len(texts), len(labels)), each in [0, 1].

        Rows sum to 1 where a task has one label; where it may have several they are independent per label.
        """

    def answer(self, texts: Sequence[str]) -> list[Answer]:
        """Return one answer per text."""
        return answers(self.kind, self.labels, self.predict(texts))

    @abstractmethod
    def save(self, directory: Path) -> None:
        """Write everything `Learner.load` needs into an existing, empty directory: safetensors and JSON only."""


@runtime_checkable
class Priced(Protocol):
    """A Model whose answers cost money."""

    @property
    def cost_per_1000(self) -> float:
        """Return what 1,000 answers cost by the price table, in its currency, whatever was answered before."""
        ...


def cost_per_1000(model: Model) -> float:
    """Return what 1,000 answers of a model cost in money: 0 where it does not say."""
    return model.cost_per_1000 if isinstance(model, Priced) else 0.0


@dataclass(frozen=True, slots=True)
class Scratch:
    """Where a fit keeps what a killed worker must not lose, and whom it tells how far it is.

    `directory` exists, and the same learner finds what it left there when the same fit is tried again; `report` takes
    the share that is done, in [0, 1]; from `deadline` on, as time.monotonic() has it, a fit ends with its best so far.
    `guideline` is the project's, as Markdown, for learners that are told what to do; empty: that of the settings or of
    the labelling configuration. `refused` are guidelines that the lead rejected.
    """

    directory: Path
    report: Callable[[float], None] = _nobody
    deadline: float = inf
    guideline: str = ""
    refused: tuple[str, ...] = ()


class Learner(Protocol):
    """A recipe, found by its entry point in the group `labelloop.learners`.

    The entry point is called without an argument, or with what follows `name:` in the Rules. `kinds` are the kinds of
    field it can learn; `background` tells that a fit takes minutes rather than seconds.
    A slow learner with an attribute `needs_labels` that is false is also fitted before there is any label: to no
    examples, `pool` being the texts that people are given first, whose answers they will see.
    """

    @property
    def name(self) -> str:
        """Return the name of the entry point."""
        ...

    @property
    def kinds(self) -> frozenset[FieldKind]:
        """Return the kinds of field that it can learn."""
        ...

    @property
    def background(self) -> bool:
        """Return whether a fit takes minutes, so that nobody should wait for it."""
        ...

    def fit(
        self,
        field: Field,
        examples: Sequence[Example],
        *,
        pool: Sequence[str],
        encode: Encode,
        seed: int,
        scratch: Scratch,
    ) -> Model:
        """Fit a model to the examples (at least one); `pool` holds texts of TRAIN tasks without a label.

        Raises NothingToLearn if the examples cannot be learned from, another UserError if the fit cannot be made.
        """
        ...

    def load(self, directory: Path, *, encode: Encode) -> Model:
        """Read back what `Model.save` wrote; the loaded model predicts the same."""
        ...
