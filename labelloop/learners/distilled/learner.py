"""An LLM's knowledge in a linear head: it labels a sample once, the student answers in milliseconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog

from labelloop.domain.predictions import Prediction
from labelloop.domain.refinement import Refinement
from labelloop.domain.schema import Field
from labelloop.domain.values import LABEL_KINDS, FieldKind, labels_of
from labelloop.learners.base import Example, FitContext, ModelContext
from labelloop.learners.distilled.diverse_sample import spread, unlabelled
from labelloop.learners.distilled.student import Labelled, taught
from labelloop.learners.distilled.teacher_labels import labelled_by, weight
from labelloop.learners.linear.learner import LinearLabelLearner, thresholds_of
from labelloop.learners.linear.memory import unit
from labelloop.learners.linear.model import LinearModel, load_linear_model
from labelloop.learners.linear.text_features import Features, Shape
from labelloop.learners.model_io import damage_reported
from labelloop.learners.prompt.learner import PromptLearner
from labelloop.learners.prompt.prompt_files import read_refinement, write_refinement
from labelloop.learners.usable import usable_examples

_SMALLEST_MEMORY = 50
_MEASURING = 0.3
"""Which part of a fit is measuring the LLM, for those who watch."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class DistilledModel:
    """Implements Model: the student alone; `refinement` tells which guideline its teacher followed."""

    student: LinearModel
    refinement: Refinement | None

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one prediction per text."""
        return self.student.predict(texts)

    def save(self, directory: Path) -> None:
        """Write what `linear` writes, and the guideline."""
        self.student.save(directory)
        write_refinement(directory, self.refinement)


class DistilledLearner:
    """Implements Learner for `distilled` and `distilled:<model>`: the student of the LLM that `prompt` asks.

    The LLM is prompted and measured as by `prompt`, then labels up to 300 texts of the pool that nobody labelled; a
    linear head learns from people's labels, which count 1, and the LLM's, which count as its calibrated confidence
    above chance. How sure the student is, is fitted to people's labels alone. Nobody asks the LLM when it answers.
    """

    name = "distilled"
    kinds = LABEL_KINDS
    background = True
    asks_llm = True

    def __init__(self, model: str = "") -> None:
        self._model = model

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> DistilledModel:
        """Fit a student; without a text to label, or where the LLM says nothing worth learning, it is `linear`.

        Raises what `prompt` raises; where the LLM stops while it labels, what it answered until then is learned from.
        """
        usable = usable_examples(field, examples)
        teacher = PromptLearner(self._model).fit(field, examples, context.part(0.0, _MEASURING))
        texts = unlabelled(context.pool, examples, context.seed)
        labels = labelled_by(teacher, spread(texts, context.encode, context.seed), context.part(_MEASURING, 1.0))
        taken = [(text, label) for text, label in labels if weight(field, label.confidence) > 0]
        given = {label for e in usable for label in labels_of(e.value)}
        given |= {label for _, one in taken for label in labels_of(one.value)}
        if not taken or (len(given) < 2 and field.kind is not FieldKind.PAIRWISE):
            student = LinearLabelLearner().fit(field, examples, context)
        else:
            student = _student(field, usable, taken, texts, Features(Shape.of(field), context.encode), context.seed)
        return DistilledModel(student, teacher.refinement)

    def load(self, directory: Path, context: ModelContext) -> DistilledModel:
        """Read a saved model; raises BrokenPromise if it was fitted with another encoder or cannot be read."""
        student = load_linear_model(directory, context.encode)
        with damage_reported(directory):
            return DistilledModel(student, read_refinement(directory))


def _student(
    field: Field,
    people: Sequence[Example],
    llm: Sequence[tuple[str, Prediction]],
    pool: Sequence[str],
    features: Features,
    seed: int,
) -> LinearModel:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    theirs = np.array([[label in labels_of(e.value) for label in field.labels] for e in people])
    its = np.array([[label in labels_of(answer.value) for label in field.labels] for _, answer in llm])
    seen = np.logical_or(np.vstack([theirs, its]).any(axis=0), field.kind is FieldKind.PAIRWISE)
    names = tuple(label for label, there in zip(field.labels, seen, strict=True) if there)
    weights = np.array([weight(field, answer.confidence) for _, answer in llm])
    remembers = features.shape is not Shape.PAIR and len(pool) >= _SMALLEST_MEMORY
    with threadpool_limits(1):  # the order in which several threads add up their parts is not the same twice
        student = taught(
            field.kind,
            Labelled(features([e.text for e in people]), theirs[:, seen], np.ones(len(people))),
            Labelled(features([text for text, _ in llm]), its[:, seen], weights),
            unit(features(pool)).astype(np.float16) if remembers else None,
            seed,
        )
    log.info("distilled", people=len(people), llm=len(llm), weight=round(student.belief * weights.sum(), 1))
    labels = field.labels if field.kind is FieldKind.RATING else names
    thresholds = thresholds_of(field.kind, student.unseen, student.inverse_temperatures, theirs[:, seen])
    return LinearModel(labels, names, field.kind, student.experts, student.inverse_temperatures, thresholds, features)
