"""The contract of a learner: `fit(training examples) -> Model`."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import SecretStr

from labelloop.domain.predictions import Prediction, answers
from labelloop.domain.refinement import Refinement
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Value
from labelloop.encoders.base import Encode as Encode
from labelloop.encoders.base import Vectors as Vectors
from labelloop.encoders.encoders import Encoders
from labelloop.errors import BrokenPromise
from labelloop.llm.llm_client import Estimate, LlmClient

Probabilities = NDArray[np.float64]


def _nobody(share: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Example:
    """One settled label a learner may learn from."""

    task_id: int
    text: str
    value: Value


class Model(Protocol):
    """What a learner returns; safe to call from several threads at once."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
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
    def predict_proba(self, texts: Sequence[str]) -> Probabilities:
        """Return calibrated probabilities, shape (len(texts), len(labels)), each in [0, 1].

        Rows sum to 1 where a task has one label; where it may have several they are independent per label.
        """

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one answer per text."""
        return answers(self.kind, self.labels, self.predict_proba(texts))

    @abstractmethod
    def save(self, directory: Path) -> None:
        """Write everything `Learner.load` needs into an existing, empty directory: safetensors and JSON only."""


@runtime_checkable
class Paid(Protocol):
    """A Model that asks an LLM when it predicts, which costs money."""

    @property
    def cost_per_1000(self) -> float:
        """Return what 1,000 predictions cost by the price table, in its currency, whatever was answered before."""
        ...

    def estimate(self, texts: Sequence[str]) -> Estimate:
        """Return what predicting for the texts would cost at most, without asking the LLM."""
        ...


def cost_per_1000(model: Model) -> float:
    """Return what 1,000 predictions of a model cost in money: 0 where it asks no LLM."""
    return model.cost_per_1000 if isinstance(model, Paid) else 0.0


def estimate(model: Model, texts: Sequence[str]) -> Estimate | None:
    """Return what a model's predictions for the texts would cost at most, without making them; None if it is free."""
    return model.estimate(texts) if isinstance(model, Paid) else None


@runtime_checkable
class Guided(Protocol):
    """A Model that a guideline for LLMs went into."""

    @property
    def refinement(self) -> Refinement | None:
        """Return which guideline that is and how it came about, as far as it is known."""
        ...


def refinement_of(model: Model) -> Refinement | None:
    """Return which guideline went into a model and how it came about; None where none did."""
    return model.refinement if isinstance(model, Guided) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteAccess:
    """How ML backends elsewhere are asked: Basic auth, and the longest wait for one answer in seconds.

    `own_url` and `own_port` are where LabelLoop's own backend answers, which must not ask itself. `ca_bundle` is a file
    of authorities that are trusted beside the usual ones.
    """

    user: str = ""
    password: SecretStr = field(default_factory=lambda: SecretStr(""))
    timeout_s: float = 100.0
    own_url: str = "http://127.0.0.1:9090"
    own_port: int = 9090
    ca_bundle: str = ""


@dataclass(frozen=True, slots=True)
class ModelContext:
    """What a model may use when it predicts: all that is set up in one place for every model of a process.

    `encode` turns texts into unit vectors; `llm` is None where no LLM is set up. `encoders` are those of this process,
    for models that were fitted with another one; None where there is but one.
    """

    encode: Encode
    llm: LlmClient | None = field(default=None, kw_only=True)
    remote: RemoteAccess = field(default=RemoteAccess(), kw_only=True)
    encoders: Encoders | None = field(default=None, kw_only=True)

    def fitted_with(self, encoder: str) -> Self:
        """Return the same for a model that was fitted with the encoder of that name; an empty one is `encode`."""
        return replace(self, encode=self.encoders.named(encoder)) if encoder and self.encoders else self

    def to_fit(
        self,
        directory: Path,
        *,
        pool: Sequence[str] = (),
        seed: int = 0,
        report: Callable[[float], None] = _nobody,
        deadline: float = inf,
    ) -> "FitContext":
        """Return the context of a fit that keeps in an existing directory what a killed worker must not lose."""
        return FitContext(self.encode, directory, pool, seed, report, deadline, llm=self.llm, remote=self.remote)


@dataclass(frozen=True, slots=True)
class FieldLesson:
    """What a fit is given of another field: its labels in the same round and its guideline, as the fit's own are."""

    field: Field
    examples: Sequence[Example]
    guideline: str = ""


@dataclass(frozen=True, slots=True)
class FitContext(ModelContext):
    """What a fit may use beside the examples.

    `pool` holds texts of TRAIN tasks without a label; `seed` is the only source of chance. `directory` exists, and the
    same learner finds what it left there when a killed fit is tried again; None where a fit need not survive that.
    `report` takes the share that is done, in [0, 1]; from `deadline` on, as time.monotonic() has it, a fit ends with
    its best so far. `guideline` is the project's, as Markdown, for learners that are told what to do; empty: that of
    the settings or of the labelling configuration. `refused` are guidelines that the lead rejected. `together` are the
    other fields that the same LLM is fitted to in this round, which may be asked about in the same requests.
    """

    directory: Path | None = None
    pool: Sequence[str] = ()
    seed: int = 0
    report: Callable[[float], None] = _nobody
    deadline: float = inf
    guideline: str = ""
    refused: tuple[str, ...] = ()
    together: tuple[FieldLesson, ...] = ()

    def path(self, name: str) -> Path:
        """Return where to keep a file or folder of that name; raises BrokenPromise where the fit has no directory."""
        if self.directory is None:
            raise BrokenPromise(f"This learner keeps {name} while it is fitted: give its FitContext a directory.")
        return self.directory / name

    def part(self, start: float, end: float) -> Self:
        """Return the context of a part of the fit, which reports from `start` to `end` of the whole."""
        return replace(self, report=lambda share: self.report(start + share * (end - start)))


class Learner(Protocol):
    """A recipe, found by its entry point in the group `labelloop.learners`.

    The entry point, `name`, is called without an argument, or with what follows `name:` in the Rules. `kinds` are the
    kinds of field it can learn; `background` tells that a fit takes minutes, so that nobody should wait for it. A slow
    learner with an attribute `needs_labels` that is false is also fitted before there is any label: to no examples, the
    pool being the texts that people are given first, whose answers they will see. One with an attribute `asks_llm` that
    is true is told of the other fields that it, or another such learner of the same model, is fitted to in the round.
    """

    name: str
    kinds: frozenset[FieldKind]
    background: bool

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> Model:
        """Fit a model to the examples (at least one).

        Raises NothingToLearn if the examples cannot be learned from, another UserError if the fit cannot be made.
        """
        ...

    def load(self, directory: Path, context: ModelContext) -> Model:
        """Read back what `Model.save` wrote; the loaded model predicts the same."""
        ...
