"""One row of a finished data set: a task, its label, and where that came from."""

from collections.abc import Callable, Mapping
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
    `model_digest` name the model that was asked, whoever gave the label; `margin` is p1 - p2 (what the
    threshold is applied to) and `confidence` the calibrated probability, both in [0, 1]: empty and None where no model
    was asked. `round_number` is the round
    in which people's label first stood, 0 where none. `shown` says whether people saw a pre-annotation. `own` is
    everything that the task was imported with, see `own_json`.
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
    margin: float | None
    confidence: float | None
    round_number: int
    shown: bool
    own: str = ""


@dataclass(frozen=True, slots=True)
class ReleasedTask:
    """A task in a release of several fields: its label of each field by name, and why it has none of the others.

    It has at least one label. `text` is all that the fields read; the row of a label has the text that its field reads.
    """

    task_id: int
    text: str
    labels: Mapping[str, ReleaseRow]
    missing: Mapping[str, str]

    @property
    def role(self) -> Role:
        """Return the task's role."""
        return self._any.role

    @property
    def own(self) -> str:
        """Return everything that the task was imported with, see `own_json`."""
        return self._any.own

    @property
    def shown(self) -> bool:
        """Return whether people saw a pre-annotation of any field."""
        return any(row.shown for row in self.labels.values())

    @property
    def annotators(self) -> tuple[int, ...]:
        """Return who gave any of the labels."""
        return self._every(lambda row: row.annotators)

    @property
    def annotations(self) -> tuple[int, ...]:
        """Return the annotations that any of the labels came from."""
        return self._every(lambda row: row.annotations)

    @property
    def _any(self) -> ReleaseRow:
        return next(iter(self.labels.values()))

    def _every(self, of: Callable[[ReleaseRow], tuple[int, ...]]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(id_ for row in self.labels.values() for id_ in of(row)))
