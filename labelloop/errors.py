"""Everything that can go wrong, as one tree; a message says what to do next.

LabelLoopError
├── UserError        the user can mend it: HTTP 4xx, exit status 2
├── NeighbourError   a neighbour (Label Studio, Redis, a disk) failed: try again later
└── BrokenPromise    something that must never happen: stop, loudly
"""


class LabelLoopError(Exception):
    """The root of every error that this product raises on purpose."""


class UserError(LabelLoopError):
    """The user can mend it; the message says how."""


class NothingToLearn(UserError):
    """The labelling configuration, or the labels so far, hold nothing a model could learn from."""


class NotConnected(UserError):
    """The project is not looped."""

    def __init__(self, project_id: int) -> None:
        super().__init__(f"Project {project_id} is not connected: run `labelloop connect {project_id}`.")


class NotFound(UserError):
    """A round, a version or another named thing does not exist."""


class ProjectGone(NotFound):
    """The labelling tool no longer has the project, or does not show it to our account."""

    def __init__(self, project_id: int) -> None:
        super().__init__(
            f"Project {project_id} was deleted in Label Studio, or the token's account cannot see it: "
            f"`labelloop disconnect {project_id}` takes it out of the loop, and what was recorded stays."
        )


class NeighbourError(LabelLoopError):
    """A neighbouring service failed or could not be reached; the same call may succeed later."""


class BrokenPromise(LabelLoopError):
    """An invariant does not hold: data is damaged, or the code is wrong."""
