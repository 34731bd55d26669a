"""What a version says of tasks, and how sure it is."""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from labelloop.deadline import answer_within
from labelloop.domain.predictions import Prediction
from labelloop.domain.records import Fit
from labelloop.domain.tasks import Task
from labelloop.errors import LabelLoopError
from labelloop.learners.base import Model, ModelContext
from labelloop.steps.model_store import load_model
from labelloop.stores.book import Book

IN_TIME_S = 30.0
_DIGITS, _CHUNK = 9, 20

log = structlog.get_logger()


def answer(book: Book, fit: Fit, tasks: Sequence[Task], *, context: ModelContext) -> dict[int, Prediction]:
    """Return a version's answers by task.

    Margins are rounded to nine digits: how many texts are predicted at once must not decide whether one reaches a
    threshold.
    """
    if not tasks:
        return {}
    predictions = load_model(book, fit, context=context).predict([task.text for task in tasks])
    return {
        task.id: replace(one, margin=round(one.margin, _DIGITS), confidence=round(one.confidence, _DIGITS))
        for task, one in zip(tasks, predictions, strict=True)
    }


def answers_in_time(model: Model, texts: Sequence[str]) -> list[Prediction]:
    """Return a model's answers to the first texts: to all it gives one to within half a minute.

    People wait for their queue, not for a neighbour that a model asks: the rest is left to them.
    """
    predictions: list[Prediction] = []
    with answer_within(IN_TIME_S):
        for start in range(0, len(texts), _CHUNK):
            try:
                predictions += model.predict(texts[start : start + _CHUNK])
            except LabelLoopError as error:
                log.warning("model_did_not_answer", reason=str(error), texts=len(texts) - len(predictions))
                break
    return predictions
