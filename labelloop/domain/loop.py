"""What is to be done next in a project: the whole loop as one rule over what the ledger holds."""

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """The steps after a round has closed, named as the jobs that do them."""

    FIT = "fit"
    EVALUATE = "evaluate"
    DEPLOY = "deploy"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a project has come.

    `round_number` is 0 before the first round; `fitted` and `evaluated` say that nothing is left to do for that round,
    `decided` that the promotion rule has spoken; `queue_is_current` that the queue shown to people was made by the
    deployed version after that round and has enough tasks left.
    """

    round_number: int
    fitted: bool
    evaluated: bool
    decided: bool
    queue_is_current: bool


def next_step(progress: Progress) -> Step | None:
    """Return the step that is due, None when the next move is people's.

    >>> next_step(Progress(2, fitted=True, evaluated=False, decided=False, queue_is_current=False))
    <Step.EVALUATE: 'evaluate'>
    """
    if progress.round_number:
        if not progress.fitted:
            return Step.FIT
        if not progress.evaluated:
            return Step.EVALUATE
        if not progress.decided:
            return Step.DEPLOY
    return None if progress.queue_is_current else Step.PUBLISH
