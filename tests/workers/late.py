"""Learners that a test holds in its hand: they do as `logistic` does, or say the same of every text."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.values import LABEL_KINDS, Choice
from labelloop.errors import NeighbourError
from labelloop.learners.base import Example, FitContext, Model, ModelContext
from labelloop.learners.linear.learner import LogisticLearner


@dataclass(frozen=True)
class Dull:
    """A model that knows one label."""

    label: str

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Say it of every text."""
        return [Prediction(Choice(self.label), 0.5, 0.5) for _ in texts]

    def save(self, directory: Path) -> None:
        """Write it down."""
        (directory / "dull.json").write_text(json.dumps(self.label), "utf-8")


def nothing(_: FitContext) -> None:
    """Let nothing happen."""


class InHand:
    """A learner whose every fit first calls `meanwhile`, which may do what others do in that time, or fail.

    While it is `away` its models cannot be asked anything, like those of a remote backend that is down.
    """

    kinds = LABEL_KINDS

    def __init__(self, name: str, *, background: bool, dull: bool = False) -> None:
        self.name, self.background, self.dull = name, background, dull
        self.meanwhile: Callable[[FitContext], None] = nothing
        self.fits, self.away = 0, False

    def load_factory(self) -> Callable[[], "InHand"]:
        """Return what the entry point names."""
        return lambda: self

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> Model:
        """Fit, after what happens meanwhile."""
        self.fits += 1
        context.report(0.5)
        self.meanwhile(context)
        if self.dull:
            return Dull(field.labels[0])
        return LogisticLearner().fit(field, examples, context)

    def load(self, directory: Path, context: ModelContext) -> Model:
        """Read a model back."""
        if self.away:
            raise NeighbourError("The backend is away.")
        if self.dull:
            return Dull(json.loads((directory / "dull.json").read_text("utf-8")))
        return LogisticLearner().load(directory, context)


@dataclass(frozen=True)
class Point:
    """An entry point of `plugins`."""

    learner: InHand

    def load(self) -> Callable[[], InHand]:
        """Return the factory."""
        return self.learner.load_factory()
