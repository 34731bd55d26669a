"""Why an annotation holds no answer of a field: what cannot be read, or was never said, is never taken for one."""

from enum import StrEnum


class Unanswered(StrEnum):
    """The reasons why an annotation has no value of the looped field; each is counted and shown.

    `unreadable`: a region of the field, or all of its result, is not as Label Studio stores it. `contradictory`: it
    says several things of which only one can be true. `empty`: it was submitted without an answer where the field wants
    one. `skipped`: the annotator skipped the task. `unknown label`: its label is none of the field's (any more).
    `no text`: the task holds nothing that a model could read. `not asked`: the field's condition did not hold, and
    nothing was said. `condition not met`: it did not hold, and yet an answer stands there, left from before.
    `condition unknown`: whether it held cannot be told, since what it depends on cannot be read.
    """

    UNREADABLE = "unreadable"
    CONTRADICTORY = "contradictory"
    EMPTY = "empty"
    SKIPPED = "skipped"
    UNKNOWN_LABEL = "unknown label"
    NO_TEXT = "no text"
    NOT_ASKED = "not asked"
    CONDITION_UNMET = "condition not met"
    CONDITION_UNKNOWN = "condition unknown"
