"""What a version says of tasks, and how sure it is."""

from collections.abc import Sequence

from labelloop.domain.finishing import Answer
from labelloop.domain.predictions import decide, margin
from labelloop.domain.records import Fit
from labelloop.domain.tasks import Task
from labelloop.learners.base import Encode
from labelloop.steps.models import load_model
from labelloop.steps.project import ProjectView

_DIGITS = 9


def answer(view: ProjectView, fit: Fit, tasks: Sequence[Task], *, encode: Encode) -> dict[int, Answer]:
    """Return a version's answers by task.

    Margins are rounded to nine digits: how many texts are predicted at once must not decide whether one reaches a
    threshold.
    """
    if not tasks:
        return {}
    model, kind = load_model(view.book, fit, encode=encode), view.field.kind
    probabilities = model.predict([task.text for task in tasks])
    margins = margin(kind, probabilities)
    found: dict[int, Answer] = {}
    for task, row, apart in zip(tasks, probabilities, margins, strict=True):
        value, confidence = decide(kind, model.labels, row)
        found[task.id] = Answer(value, round(float(apart), _DIGITS), round(confidence, _DIGITS))
    return found
