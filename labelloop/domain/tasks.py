"""Tasks, the roles they play, and people's annotations of them."""

import dataclasses
import hashlib
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Value

INPUT_BREAK = "\n␞\n"
"""What stands between a task's inputs in its text, where a field has several."""
OPTION_BREAK = "\n␝\n"
"""What stands between the items of a list in a task's text; the first line of each is its id."""
REGIONS_BREAK = "\n␟\n"
"""What stands between a text and the regions in it that a model is asked about, see `asked_text`."""


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


def options_of(text: str) -> dict[str, str]:
    r"""Return the items of a list, the last of a task's inputs: their texts by id, in the order people see them.

    >>> options_of(INPUT_BREAK.join(("Which?", OPTION_BREAK.join(("a\nTea", "b\nCoffee\nblack", "c")))))
    {'a': 'Tea', 'b': 'Coffee\nblack', 'c': ''}
    """
    blocks = (block.partition("\n") for block in inputs_of(text)[-1].split(OPTION_BREAK))
    return {name: rest for name, _, rest in blocks}


def fingerprint(text: str) -> str:
    """Return a 128-bit digest (hex) of the text after NFKC, case folding and collapsing of white space."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Annotation:
    """One person's judgement of one task.

    `value` is None where it says nothing of the field, and `unanswered` is the reason. `shown_prediction` is the id of
    the pre-annotation it started from, None where none was shown. `lead_time` is in seconds. `field` is the name of the
    one it is about, empty where the project loops no other.
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
    unanswered: Unanswered | None = None
    field: str = dataclasses.field(default="", compare=False)  # files of rounds hold one field each, and do not name it


def with_kept_origin(now: Annotation, known: Annotation | None) -> Annotation:
    """Return an annotation that keeps what is known of the pre-annotation it started from.

    Where a prediction is deleted the labelling tool forgets which annotations started from it.
    """
    if known is None or known.shown_prediction is None or now.shown_prediction is not None:
        return now
    same = (known.judged_at, known.value) == (now.judged_at, now.value)
    origin = known.origin if same else now.origin
    return replace(now, shown_prediction=known.shown_prediction, origin=origin)


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task as it stands in the labelling tool: every annotation it now has, and when any of this last changed.

    Where several fields are looped an annotation stands in `annotations` once for each.
    `left_out` counts those that the tool has of it beside `annotations`: nobody's judgements. `unreadable` says why the
    tool's answer about the task cannot be read, empty where it can: such a task has no text and no annotations here.
    `own` is everything it was imported with, see `own_json`.
    """

    task: Task
    annotations: tuple[Annotation, ...]
    updated_at: datetime
    left_out: int = 0
    unreadable: str = ""
    own: str = ""
