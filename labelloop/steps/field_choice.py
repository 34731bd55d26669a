"""Choose a field's next TRAIN tasks by its strategy, and what people are shown of them by its model."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labelloop.domain.lookup import matching
from labelloop.domain.predictions import Prediction
from labelloop.domain.values import Value
from labelloop.learners.base import Model, ModelContext, Paid
from labelloop.plugins import strategy
from labelloop.state.progress import queued_train
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import judged_now
from labelloop.steps.model_store import load_model
from labelloop.steps.predict_tasks import answers_in_time
from labelloop.steps.questions import Questions, Regions
from labelloop.stores.book import Book
from labelloop.strategies.base import Candidates

LARGE_POOL, SUB_POOL = 50_000, 20_000
PAID_POOL = 200
"""How many tasks a model is asked about whose answers cost money, or twice as many as are wanted."""


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """The TRAIN tasks in the order in which a field's strategy wants them, and what its model says of those it saw."""

    state: ProjectState
    order: Sequence[int]
    model: Model | None
    predictions: Mapping[int, Prediction]

    @classmethod
    def made(
        cls,
        book: Book,
        state: ProjectState,
        train: list[int],
        rng: np.random.Generator,
        *,
        context: ModelContext,
        regions: Regions,
    ) -> "FieldChoice":
        """Return the choice of the field in focus; `regions` are those it is asked about, if it is about regions."""
        model = load_model(book, state.deployed, context=context) if state.deployed else None
        questions = Questions(book, state, regions)
        if model is not None and not state.rounds:
            return cls(state, *_go_on(questions, train, model, rng, context=context))
        return cls(state, *_choose(questions, train, model, wanted_tasks(state), rng, context=context))

    def shown(self, book: Book, chosen: Sequence[int], regions: Regions) -> dict[int, Prediction]:
        """Return what people are shown of the chosen tasks; the model is asked about those that it has not seen."""
        known = dict(self.predictions)
        new = [task_id for task_id in chosen if task_id not in known] if len(self.state.fields) > 1 else []
        if self.model is not None and new:
            questions = Questions(book, self.state, regions)
            known |= zip(new, answers_in_time(self.model, questions(new)), strict=False)
        return shown_predictions(self.state, {task_id: known[task_id] for task_id in chosen if task_id in known})


def wanted_tasks(state: ProjectState) -> int:
    """Return how many TRAIN tasks the head of the queue is to hold."""
    return state.rules.queue_rounds * state.round_due_at


def _go_on(
    questions: Questions, train: list[int], model: Model, rng: np.random.Generator, *, context: ModelContext
) -> tuple[list[int], Model, dict[int, Prediction]]:
    """Return what people were given before there was a model, in that order, with that and its predictions.

    Nobody has measured it, so its uncertainty chooses no task; it is asked about no others than these. `train` are the
    tasks in which the field may be asked.
    """
    state = questions.state
    queued, asked, more = queued_train(state), frozenset(train), list[int]()
    left = [task_id for task_id in queued if task_id in asked]
    if len(queued) < min(state.rules.round_due_at(0), len(train)):
        rest = sorted(asked.difference(left))
        more, *_ = _choose(questions, rest, None, wanted_tasks(state) - len(queued), rng, context=context)
    predictions: dict[int, Prediction] = {}
    for ids in (left, more) if state.rules.pre_annotate else ():  # those that it was asked about before come first
        predictions |= zip(ids, answers_in_time(model, questions(ids)), strict=False)
    return [*left, *more], model, predictions


def shown_predictions(state: ProjectState, predictions: Mapping[int, Prediction]) -> dict[int, Prediction]:
    """Return those of a model's predictions, by task, that people are shown.

    A label that the configuration no longer allows is not: the task is left to the person.
    """
    field, least = state.field, state.rules.show_from
    return {
        id_: found
        for id_, found in predictions.items()
        if found.is_shown and found.confidence >= least and field.allows(found.value)
    }


def _choose(
    questions: Questions,
    train: list[int],
    model: Model | None,
    wanted: int,
    rng: np.random.Generator,
    *,
    context: ModelContext,
) -> tuple[list[int], Model | None, dict[int, Prediction]]:
    if not train:
        return [], model, {}
    book, state = questions.book, questions.state
    if isinstance(model, Paid):
        train, predictions = _asked(questions, train, model, wanted)
    else:
        if len(train) > LARGE_POOL:
            train = [train[i] for i in np.sort(rng.choice(len(train), SUB_POOL, replace=False))]
        predictions = model.predict(questions(train)) if model else None
    labelled = judged_now(book, state).training
    candidates = Candidates(
        ids=np.array(train, dtype=np.int64),
        vectors=context.encode(questions.texts(train)),
        margins=None if predictions is None else np.array([found.margin for found in predictions]),
        guesses=None if predictions is None else tuple(found.value for found in predictions),
        labelled=context.encode([task.task.text for task in labelled]),
        label_count=len(state.field.labels),
        settled=tuple(task.label for task in labelled if task.label is not None),
        rivals=lambda: _rivals(questions, train, context=context),
    )
    chosen = strategy(state.rules.strategy)(candidates, min(wanted, len(train)), rng)
    return chosen, model, dict(zip(train, predictions or (), strict=False))


def _asked(
    questions: Questions, train: list[int], model: Model, wanted: int
) -> tuple[list[int], list[Prediction] | None]:
    """Return the tasks to choose from, with the predictions of a model that costs money, as many as come in time.

    It is asked about a few, the same as last time while they are there: a whole pool would be paid for after every
    round. Where too few predictions come the tasks are chosen without it, from all.
    """
    seed = questions.state.rules.seed
    few = sorted(train, key=lambda task_id: hashlib.blake2b(f"{seed}:{task_id}".encode()).digest())
    few = few[: max(PAID_POOL, 2 * wanted)]
    predictions = answers_in_time(model, questions(few))
    if len(predictions) < min(wanted, len(few)):
        return train, None
    return few[: len(predictions)], predictions


def _rivals(questions: Questions, train: list[int], *, context: ModelContext) -> tuple[Value, ...] | None:
    """Return what the best version of the newest round by another learner than the deployed one's would predict."""
    book, state = questions.book, questions.state
    deployed, number = state.deployed, state.round_number
    if deployed is None or not number:
        return None
    measured = {e.version: e.agreement or 0.0 for e in matching(state.looped.evaluations, round_number=number)}
    fits = matching(state.looped.fits, round_number=number)
    others = [fit for fit in fits if fit.version in measured and fit.learner != deployed.learner]
    if not others:
        return None
    best = max(others, key=lambda fit: measured[fit.version])
    return tuple(found.value for found in load_model(book, best, context=context).predict(questions(train)))
