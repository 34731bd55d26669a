"""What is to be done next in a project: the whole loop as one rule over what the ledger holds."""

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What a project is at: rounds, as long as they help; then certifying, and at last a release.

    In the last two the champion is frozen: no round closes, and no other version is deployed.
    """

    ROUNDS = "rounds"
    CERTIFY = "certify"
    RELEASE = "release"


class Step(StrEnum):
    """The steps that workers do by themselves, named as the jobs that do them."""

    PREDICT = "predict"
    FIT = "fit"
    EVALUATE = "evaluate"
    DEPLOY = "deploy"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a project has come.

    `round_number` is 0 before the first round; `fitted` and `evaluated` say that nothing is left to do for that round,
    `decided` that the promotion rule has spoken; `queue_is_current` that the queue shown to people was made by the
    deployed version after that round, is the one its phase asks for, and has enough tasks left; `predicted` that a
    release lacks none of the certified version's answers; `has_verdict` that the verdict on the round was given;
    `first_waits` that a version which was fitted before the first label does not serve yet.
    """

    round_number: int
    fitted: bool
    evaluated: bool
    decided: bool
    queue_is_current: bool
    phase: Phase = Phase.ROUNDS
    predicted: bool = True
    has_verdict: bool = True
    first_waits: bool = False


def next_step(progress: Progress) -> Step | None:
    """Return the step that is due, None when the next move is people's.

    The job that deploys gives the verdict too; one that a crash has left out is made up for once people have a queue.

    >>> next_step(Progress(2, fitted=True, evaluated=False, decided=False, queue_is_current=False))
    <Step.EVALUATE: 'evaluate'>
    """
    if not progress.predicted:
        return Step.PREDICT
    if progress.phase is Phase.ROUNDS and progress.round_number:
        if not progress.fitted:
            return Step.FIT
        if not progress.evaluated:
            return Step.EVALUATE
        if not progress.decided:
            return Step.DEPLOY
    if progress.phase is Phase.ROUNDS and progress.first_waits:
        return Step.DEPLOY
    if not progress.queue_is_current:
        return Step.PUBLISH
    lacks_verdict = progress.phase is Phase.ROUNDS and progress.round_number and not progress.has_verdict
    return Step.DEPLOY if lacks_verdict else None
