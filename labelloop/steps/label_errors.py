"""Find TRAIN labels that are probably wrong: those that a model which never saw them contradicts most."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.default_learners import default_learners
from labelloop.domain.predictions import answers
from labelloop.domain.schema import Field
from labelloop.domain.units import regions_in
from labelloop.domain.values import FieldKind, OfRegions, Value, labels_of, same
from labelloop.errors import UserError
from labelloop.formatting import few
from labelloop.learners.base import Classifier, Example, Learner, Model, ModelContext, Probabilities
from labelloop.learners.by_unit import learner_of
from labelloop.learners.folds import FOLDS, folds_by_text
from labelloop.plugins import learner
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import judged_now
from labelloop.steps.training_examples import training_examples
from labelloop.stores.book import Book

LEAST = 10


@dataclass(frozen=True, slots=True)
class Suspect:
    """A label that a model which never saw it contradicts: `margin`, in [-1, 0), is its doubt, lowest first."""

    task_id: int
    text: str
    given: Value
    expected: Value
    margin: float


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a model that never saw a value expects instead, and its `margin`, in [-1, 1]: below 0 it contradicts."""

    expected: Value
    margin: float


@dataclass(frozen=True, slots=True)
class Suspects:
    """The doubtful labels, most doubtful first, and the labels with too few examples to say anything of them."""

    ranking: tuple[Suspect, ...]
    judged: int
    too_few: tuple[tuple[str, int], ...]


def label_errors(book: Book, state: ProjectState, *, context: ModelContext) -> Suspects:
    """Rank the TRAIN labels that one person gave by the normalised margin of out-of-fold answers.

    The deployed learner is fitted five times, each time without a fifth of the labels, which it then answers. A label
    given fewer than 10 times is not judged. Labels of several people, and those that were put back already, are left
    out. Raises UserError where there is no model, or fewer than two labels have 10 examples.
    Northcutt, Jiang and Chuang 2021, "Confident learning", section 3.2.
    """
    deployed = state.deployed
    if deployed is None:
        raise UserError(f"Project {state.id} has no model yet: label until the first round is closed.")
    field, closed = state.field, judged_now(book, state)
    examples = training_examples(book, state, closed, encode=context.encode)
    given = Counter(label for example in examples for label in labels_of(example.value))
    too_few = tuple((label, given[label]) for label in field.labels if given[label] < LEAST)
    least = 2 if field.kind in (FieldKind.CHOICE, FieldKind.PAIRWISE, FieldKind.RATING) else 1
    if field.labels and len(field.labels) - len(too_few) < least:
        counts = few([f"{label} {n}" for label, n in too_few])
        raise UserError(f"Too few labels to check any: {LEAST} of each are needed ({counts} so far). Label more first.")
    opinions = out_of_fold(_quick(deployed.learner, field), field, examples, context=context, seed=state.rules.seed)
    done = {task.task.id for task in closed.tasks if len(task.annotations) > 1}
    done |= state.queue.people_needed.keys() if state.queue else set()
    rare = {label for label, _ in too_few}
    judged = [n for n, e in enumerate(examples) if e.task_id not in done and not labels_of(e.value) & rare]
    doubtful = [
        Suspect(examples[n].task_id, _text(examples[n]), examples[n].value, opinions[n].expected, opinions[n].margin)
        for n in judged
        if opinions[n].margin < 0
    ]
    return Suspects(tuple(sorted(doubtful, key=lambda s: (s.margin, s.task_id))), len(judged), too_few)


def _text(example: Example) -> str:
    """Return the task's text as people know it."""
    return regions_in(example.text)[0] if isinstance(example.value, OfRegions) else example.text


def out_of_fold(
    spec: Learner, field: Field, examples: Sequence[Example], *, context: ModelContext, seed: int
) -> list[Opinion]:
    """Return what a model fitted without it makes of each example's value.

    Equal texts are always in the same fold, and the folds are alike in labels.
    """
    texts, values = [example.text for example in examples], [str(example.value) for example in examples]
    folds = folds_by_text(texts, FOLDS, np.random.default_rng(seed), values)
    opinions: dict[int, Opinion] = {}
    with tempfile.TemporaryDirectory(prefix="labelloop-") as temporary:
        for fold in range(FOLDS):
            held = [n for n, of in enumerate(folds) if of == fold]
            rest = [example for example, of in zip(examples, folds, strict=True) if of != fold]
            directory = Path(temporary) / str(fold)
            directory.mkdir()
            if held and rest:
                model = spec.fit(field, rest, context.to_fit(directory, seed=seed))
                opinions |= zip(held, _opinions(field, model, [examples[n] for n in held]), strict=True)
    return [opinions.get(n, Opinion(example.value, 0.0)) for n, example in enumerate(examples)]


def _opinions(field: Field, model: Model, held: Sequence[Example]) -> list[Opinion]:
    texts, given = [example.text for example in held], [example.value for example in held]
    if not isinstance(model, Classifier):
        return [
            Opinion(answer.value, answer.margin if same(answer.value, value) else -answer.confidence)
            for answer, value in zip(model.predict(texts), given, strict=True)
        ]
    probabilities = np.zeros((len(held), len(field.labels)))
    probabilities[:, [field.labels.index(label) for label in model.labels]] = model.predict_proba(texts)
    margins = normalised_margin(field, given, probabilities)
    expected = answers(field.kind, field.labels, probabilities)
    return [Opinion(answer.value, float(margin)) for answer, margin in zip(expected, margins, strict=True)]


def normalised_margin(field: Field, given: Sequence[Value], answers: Probabilities) -> NDArray[np.float64]:
    """Return, for each row of answers, how much more likely the given value is than any other, in [-1, 1], shape (n,).

    One label: its probability less that of the likeliest other. Several: the same for the most doubtful label.
    """
    given_labels = np.array([[label in labels_of(value) for label in field.labels] for value in given], np.bool_)
    given_labels = given_labels.reshape(answers.shape)
    if field.kind in (FieldKind.CHOICES, FieldKind.TAXONOMY):
        margins: NDArray[np.float64] = np.where(given_labels, 2 * answers - 1, 1 - 2 * answers).min(axis=1, initial=1.0)
        return margins
    others = np.where(given_labels, 0.0, answers).max(axis=1, initial=0.0)
    difference: NDArray[np.float64] = np.where(given_labels, answers, 0.0).sum(axis=1) - others
    return difference


def _quick(spec: str, field: Field) -> Learner:
    """Return the learner, or where five fits of it would take long the one that such a field has by default."""
    chosen = learner(spec)
    return learner_of(field, learner(default_learners(field.kind)[0]) if chosen.background else chosen)
