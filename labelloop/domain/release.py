"""One row of a finished data set: a task, its label, and where that came from."""

from dataclasses import dataclass
from enum import StrEnum

from labelloop.domain.tasks import Role
from labelloop.domain.values import Value


class Source(StrEnum):
    """Who gave a released label."""

    PEOPLE = "people"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A released label and its origin.

    `annotations` and `annotators` are Label Studio's ids, empty where the model gave the label. `version` and
    `model_digest` name the model that was asked, whoever gave the label; `raw_confidence` is p1 - p2 (what the
    threshold is applied to) and `confidence` the calibrated probability, both in [0, 1]. `round_number` is the round
    in which people's label first stood, 0 where none. `shown` says whether people saw a pre-annotation.
    """

    task_id: int
    text: str
    value: Value
    source: Source
    role: Role
    annotations: tuple[int, ...]
    annotators: tuple[int, ...]
    version: str
    model_digest: str
    raw_confidence: float
    confidence: float
    round_number: int
    shown: bool
