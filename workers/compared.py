"""The newest round's candidates beside each other: what each is worth, and what it costs."""

from dataclasses import dataclass

from labelloop.domain.records import Evaluation, Fit
from labelloop.steps.project import ProjectView


@dataclass(frozen=True, slots=True)
class Compared:
    """A version with what it measured up to on the audit set as of the newest round, and whether it serves now."""

    fit: Fit
    evaluation: Evaluation
    serves: bool


def compared(view: ProjectView) -> tuple[Compared, ...]:
    """Return what was measured as of the newest round that has measurements, the best agreement first."""
    measured = [one for one in view.ledger.all(Evaluation, view.id) if not one.failure]
    newest = max((one.round_number for one in measured), default=0)
    fits = {fit.version: fit for fit in view.ledger.all(Fit, view.id) if fit.version}
    serving = view.ledger.deployed(view.id)
    rows = [
        Compared(fits[one.version], one, serving is not None and serving.version == one.version)
        for one in measured
        if one.round_number == newest
    ]
    return tuple(sorted(rows, key=lambda row: -(row.evaluation.agreement or 0.0)))
