"""Which versions compete after a round: its own, and those that came too late for theirs."""

from collections.abc import Sequence

from labelloop.domain.records import Decision, Evaluation, Fit


def candidates(fits: Sequence[Fit], evaluations: Sequence[Evaluation], number: int) -> list[Fit]:
    """Return the fits whose versions compete after round `number`, oldest first.

    They are those of the round, and those of earlier rounds that were ready only after theirs had ended: no round
    before has measured them.
    """
    before = {found.version for found in evaluations if found.round_number < number}
    return [
        fit
        for fit in fits
        if fit.version and (fit.round_number == number or (fit.round_number < number and fit.version not in before))
    ]


def undecided(
    competing: Sequence[Fit], evaluations: Sequence[Evaluation], decision: Decision | None
) -> dict[str, Evaluation]:
    """Return, by version, the evaluations of a round's candidates that its newest decision did not know of."""
    names = {fit.version for fit in competing}
    return {
        found.version: found
        for found in evaluations
        if found.version in names and not found.failure and (decision is None or found.created_at > decision.created_at)
    }
