"""What a version says of tasks, and how sure it is."""

from collections.abc import Sequence

from labelloop.domain.predictions import Answer
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
    said = load_model(view.book, fit, encode=encode).answer([task.text for task in tasks])
    return {
        task.id: Answer(one.value, round(one.margin, _DIGITS), round(one.confidence, _DIGITS))
        for task, one in zip(tasks, said, strict=True)
    }
