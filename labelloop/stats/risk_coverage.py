"""How wrong a model is where it is surest: its errors by how many tasks are left to it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """`tasks` of those judged have at least this `margin`, and on `errors` of them the model is wrong."""

    tasks: int
    margin: float
    errors: int


def risk_coverage(margin: NDArray[np.float64], wrong: NDArray[np.bool_]) -> list[RiskPoint]:
    """Return the curve from the surest task down; `margin` and `wrong` are of shape (n,). Equal margins come together.

    Geifman and El-Yaniv 2017, "Selective classification for deep neural networks", section 2.
    >>> risk_coverage(np.array([0.9, 0.2, 0.9]), np.array([False, True, True]))
    [RiskPoint(tasks=2, margin=0.9, errors=1), RiskPoint(tasks=3, margin=0.2, errors=2)]
    """
    order = np.argsort(-margin, kind="stable")
    ranked, errors = margin[order], np.cumsum(wrong[order])
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], np.ones(min(1, len(ranked)), bool)))
    return [RiskPoint(int(end) + 1, float(ranked[end]), int(errors[end])) for end in ends]
