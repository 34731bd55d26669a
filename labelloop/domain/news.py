"""What is worth telling people outside: an event of a project, and what it is called."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

Figure = str | int | float | bool | None


class Kind(StrEnum):
    """The kinds of events, as addresses choose them and as messages name them."""

    ROUND = "round.closed"
    CHAMPION = "champion.changed"
    VERDICT = "verdict.changed"
    CERTIFICATE = "certificate.decided"
    RELEASE = "release.ready"
    CAP = "llm.cap"
    JOB = "job.failed"
    QUEUE = "queue.low"
    ANNOTATOR = "annotator.apart"


TEST = "test"
"""The kind of a message that somebody sends to try an address; no event has it."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a project, told to each address once.

    `key` tells it from all others of its kind in the project, today and at every later look. `at` is when it happened,
    or when it was noticed where nobody knows. `figures` are what the message says; `page` is the page of the project
    that shows more, empty for its first one.
    """

    kind: str
    key: str
    at: datetime
    figures: Mapping[str, Figure]
    page: str = ""
