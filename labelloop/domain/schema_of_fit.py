"""Which labelling configuration a version was fitted for."""

from collections.abc import Sequence

from labelloop.domain.lookup import newest
from labelloop.domain.records import ClosedRound, Fit, SchemaVersion


def schema_of_fit(fit: Fit, schemas: Sequence[SchemaVersion], rounds: Sequence[ClosedRound]) -> SchemaVersion | None:
    """Return that of the fit's round; before the first round the one of its time; None where none is on record.

    The clocks of two machines may differ, so they decide only where no round does, and never leave a fit without any.
    """
    closed = newest(rounds, number=fit.round_number)
    if closed is not None:
        return newest(schemas, number=closed.schema_number)
    before = [one for one in schemas if one.created_at <= fit.created_at]
    return next(iter([*reversed(before), *schemas]), None)
