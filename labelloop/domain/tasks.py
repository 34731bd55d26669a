"""Tasks, the roles they play, and people's judgements of them."""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from labelloop.domain.values import Value

INPUT_BREAK = "\n␞\n"
"""What stands between a task's inputs in its text, where a field has several."""


class Role(StrEnum):
    """What a task's labels may be used for; never mixed, fixed once drawn."""

    TRAIN = "train"
    MONITOR = "monitor"
    CERTIFY = "certify"


class Origin(StrEnum):
    """What a person did with the pre-annotation they were shown."""

    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    MANUAL = "manual"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class Task:
    """One item to label; `text` is empty where the task has nothing a model could read."""

    id: int
    text: str

    @property
    def fingerprint(self) -> str:
        """Return a digest (32 hex digits) that is equal for texts which differ only in case, form or white space."""
        return fingerprint(self.text)


def inputs_of(text: str) -> tuple[str, ...]:
    """Return the inputs that a task's text is made of: one, or those of a pair.

    >>> inputs_of(INPUT_BREAK.join(("It rains.", "It is dry.")))
    ('It rains.', 'It is dry.')
    """
    return tuple(text.split(INPUT_BREAK))


def fingerprint(text: str) -> str:
    """Return a 128-bit digest (hex) of the text after NFKC, case folding and collapsing of white space."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Annotation:
    """One person's judgement of one task.

    `value` is None where the person skipped the task or said nothing that the field allows. `shown_prediction` is
    the id of the pre-annotation it started from, None where none was shown. `lead_time` is in seconds.
    """

    id: int
    task_id: int
    annotator_id: int
    value: Value | None
    judged_at: datetime
    origin: Origin = Origin.MANUAL
    shown_prediction: int | None = None
    lead_time: float | None = None
    skipped: bool = False
    ground_truth: bool = False


@dataclass(frozen=True, slots=True)
class Prediction:
    """One model version's judgement of one task; `confidence` is calibrated, in [0, 1]."""

    task_id: int
    value: Value
    confidence: float


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task as it stands in the labelling tool: every annotation it now has, and when any of this last changed."""

    task: Task
    annotations: tuple[Annotation, ...]
    updated_at: datetime
