"""Many questions to a model, asked a portion at a time."""

from collections.abc import Sequence

from labelloop.domain.predictions import Prediction
from labelloop.learners.base import Model

AT_ONCE = 1_000


def asked_in_portions(model: Model, questions: Sequence[str]) -> list[Prediction]:
    """Return one answer per question; a task may have dozens, and each takes memory while it is asked."""
    portions = [questions[first : first + AT_ONCE] for first in range(0, len(questions), AT_ONCE)]
    return [answer for portion in portions for answer in model.predict(portion)]
