"""The newest round's candidates beside each other: what each is worth, and what it costs."""

from dataclasses import dataclass

from labelloop.domain.field_state import FieldState
from labelloop.domain.records import Evaluation, Fit


@dataclass(frozen=True, slots=True)
class Compared:
    """A version with what it measured up to on the audit set as of the newest round, and whether it serves now."""

    fit: Fit
    evaluation: Evaluation
    serves: bool


def compared(looped: FieldState) -> tuple[Compared, ...]:
    """Return what was measured as of the newest round that has measurements, the best agreement first."""
    measured = [one for one in looped.evaluations if not one.failure]
    newest = max((one.round_number for one in measured), default=0)
    fits = {fit.version: fit for fit in looped.versions}
    rows = [
        Compared(fits[one.version], one, looped.deployed_version == one.version)
        for one in measured
        if one.round_number == newest
    ]
    return tuple(sorted(rows, key=lambda row: -(row.evaluation.agreement or 0.0)))
