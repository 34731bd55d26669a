"""An LLM's knowledge in a linear head: it labels a sample once, the student answers in milliseconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import structlog

from labelloop.domain.predictions import Answer
from labelloop.domain.schema import Field
from labelloop.domain.values import LABEL_KINDS, FieldKind, labels_of
from labelloop.encoders.base import Encode
from labelloop.errors import NothingToLearn
from labelloop.learners.base import Example, Scratch
from labelloop.learners.distilling.labels import labelled_by, weight
from labelloop.learners.distilling.spread import nobodys, spread
from labelloop.learners.distilling.student import Labelled, Student, taught
from labelloop.learners.features import Features, Shape
from labelloop.learners.linear import LinearLearner
from labelloop.learners.linear_model import LinearModel, load_linear_model
from labelloop.learners.logistic import Truth, probabilities, several
from labelloop.learners.prompt import PromptLearner
from labelloop.learners.prompting.files import read_papers, write_papers
from labelloop.learners.prompting.model import Connect, connect
from labelloop.learners.smoothing import unit
from labelloop.learners.temperature import pooled
from labelloop.learners.thresholds import fit_thresholds

_SMALLEST_MEMORY = 50
_MEASURING = 0.3
"""Which part of a fit is measuring the LLM, for those who watch."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class DistilledModel:
    """Implements Model: the student alone; `papers` are the files on its teacher's guideline, by name."""

    student: LinearModel
    papers: Mapping[str, str]

    def answer(self, texts: Sequence[str]) -> list[Answer]:
        """Return one answer per text."""
        return self.student.answer(texts)

    def save(self, directory: Path) -> None:
        """Write what `linear` writes, and the papers."""
        self.student.save(directory)
        write_papers(directory, self.papers)


class DistilledLearner:
    """Implements Learner for `distilled` and `distilled:<model>`: the student of the LLM that `prompt` asks.

    The LLM is prompted and measured as by `prompt`, then labels up to 300 texts of the pool that nobody judged; a
    linear head learns from people's labels, which count 1, and the LLM's, which count as its calibrated confidence
    above chance. How sure the student is, is fitted to people's labels alone. Nobody asks the LLM when it answers.
    """

    name = "distilled"
    kinds = LABEL_KINDS
    background = True

    def __init__(self, model: str = "", connect: Connect = connect) -> None:
        self._model, self._connect = model, connect

    def fit(
        self,
        field: Field,
        examples: Sequence[Example],
        *,
        pool: Sequence[str],
        encode: Encode,
        seed: int,
        scratch: Scratch,
    ) -> DistilledModel:
        """Fit a student; without a text to label, or where the LLM says nothing worth learning, it is `linear`.

        Raises what `prompt` raises; where the LLM stops while it labels, what it said until then is learned from.
        """
        usable = sorted((e for e in examples if field.allows(e.value)), key=lambda e: (e.task_id, e.text, str(e.value)))
        if not usable:
            raise NothingToLearn(f"No label of {field.name} has settled yet that it still allows: label some tasks.")
        teacher = PromptLearner(self._model, self._connect).fit(
            field, examples, pool=pool, encode=encode, seed=seed, scratch=_part(scratch, 0.0, _MEASURING)
        )
        texts = nobodys(pool, examples, seed)
        said = labelled_by(teacher, spread(texts, encode, seed), _part(scratch, _MEASURING, 1.0))
        taken = [(text, answer) for text, answer in said if weight(field, answer.confidence) > 0]
        given = {label for e in usable for label in labels_of(e.value)}
        given |= {label for _, answer in taken for label in labels_of(answer.value)}
        if not taken or (len(given) < 2 and field.kind is not FieldKind.PAIRWISE):
            student = LinearLearner().fit(field, examples, pool=pool, encode=encode, seed=seed)
        else:
            student = _student(field, usable, taken, texts, Features(Shape.of(field), encode), seed)
        return DistilledModel(student, teacher.papers)

    def load(self, directory: Path, *, encode: Encode) -> DistilledModel:
        """Read a saved model; raises BrokenPromise if it was fitted with another encoder or cannot be read."""
        return DistilledModel(load_linear_model(directory, encode), read_papers(directory))


def _student(
    field: Field,
    people: Sequence[Example],
    llm: Sequence[tuple[str, Answer]],
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
    return _model(labels, names, field.kind, student, theirs[:, seen], features)


def _model(
    labels: tuple[str, ...],
    seen: tuple[str, ...],
    kind: FieldKind,
    student: Student,
    truth: Truth,
    features: Features,
) -> LinearModel:
    unseen, thresholds = student.unseen, None
    if several(kind):
        judged = None if unseen is None else probabilities(kind, pooled(unseen.logits, student.powers))
        thresholds = fit_thresholds(judged, truth if unseen is None else unseen.truth)
    return LinearModel(labels, seen, kind, student.experts, student.powers, thresholds, features)


def _part(scratch: Scratch, start: float, end: float) -> Scratch:
    return replace(scratch, report=lambda share: scratch.report(start + share * (end - start)))
