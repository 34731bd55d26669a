"""The row that models give a task: what they say of each field together, and how sure they are of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from labelloop.domain.asked import Answer, Fields
from labelloop.domain.asked_rounds import ancestors
from labelloop.domain.predictions import Prediction
from labelloop.domain.task_rows import row_of
from labelloop.domain.unanswered import Unanswered


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What the row that models give a task says of a field: a value, or `NOT_ASKED`.

    `margin`, in [0, 1], ranks tasks for the field's threshold: the smallest of the field's prediction and of those that
    it depends on, as the row is wrong where any of them is. `confidence`, in [0, 1], is the field's own. One that rests
    on a fallback is one itself.
    """

    answer: Answer
    margin: float
    confidence: float
    fallback: bool = False

    @property
    def prediction(self) -> Prediction | None:
        """Return the field's prediction with the margin of the row, None where the field is not asked."""
        if isinstance(self.answer, Unanswered):
            return None
        return Prediction(self.answer, self.margin, self.confidence, self.fallback)


def rows_of_models(
    fields: Fields, tasks: Iterable[int], said: Mapping[str, Mapping[int, Prediction]]
) -> dict[str, dict[int, RowAnswer]]:
    """Return what models' predictions, by field and task, say of each of the fields in each of the tasks."""
    found: dict[str, dict[int, RowAnswer]] = {name: {} for name in fields}
    needed = {name: (*ancestors(field, fields), name) for name, field in fields.items()}
    for task in tasks:
        here = {name: one[task] for name, one in said.items() if task in one}
        row = row_of(fields, {name: one.value for name, one in here.items()})
        for name, answer in row.items():
            found[name][task] = _row_answer(answer, name, row, needed[name], here)
    return found


def _row_answer(
    answer: Answer, name: str, row: Mapping[str, Answer], needed: Iterable[str], said: Mapping[str, Prediction]
) -> RowAnswer:
    counted = [said[one] for one in needed if one in row and not isinstance(row[one], Unanswered)]
    return RowAnswer(
        answer,
        margin=min((one.margin for one in counted), default=0.0),
        confidence=said[name].confidence if name in said else 0.0,
        fallback=any(one.fallback for one in counted) or any(one not in row for one in needed),
    )
