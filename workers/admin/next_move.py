"""Whose move it is in a project, and what it is: for people in any language, and for scripts."""

from dataclasses import dataclass
from enum import StrEnum

from labelloop.formatting import counted


class Move(StrEnum):
    """What is to be done next, and by whom: workers move by themselves, people label or import."""

    STEP = "step"
    COLLECT = "collect"
    CLOSE_ROUND = "close round"
    IMPORT = "import"
    LABEL = "label"
    CERTIFY = "certify"
    RELEASE = "release"
    ALL_LABELLED = "all labelled"
    RELEASED = "released"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True)
class NextMove:
    """The next move; `count` tasks or labels are left of it, `number` is that of the attempt or the release.

    `step` is a worker's step by the name of its job; `project` the one to connect again.

    >>> str(NextMove(Move.LABEL, count=8)), str(NextMove(Move.STEP, step="fit"))
    ('people: 8 more labels until the next round', 'fit')
    """

    move: Move
    count: int = 0
    number: int = 0
    step: str = ""
    project: int = 0

    def __str__(self) -> str:
        return _SAID[self.move].format(self, tasks=counted(self.count, "task"))


_SAID = {
    Move.STEP: "{0.step}",
    Move.COLLECT: "collect",
    Move.CLOSE_ROUND: "collect: enough labels for the next round",
    Move.IMPORT: "people: import tasks into the project",
    Move.LABEL: "people: {0.count} more labels until the next round",
    Move.CERTIFY: "people: {tasks} left to label for attempt {0.number} to certify",
    Move.RELEASE: "people: {tasks} left to label for the release",
    Move.ALL_LABELLED: "nothing: every task is labelled",
    Move.RELEASED: "nothing: release {0.number} is written",
    Move.DISCONNECTED: "disconnected: run `labelloop connect {0.project}`",
}
