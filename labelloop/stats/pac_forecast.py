"""How much of a pool a certificate would leave to the model, before a single task of it is judged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelloop.stats.pac import most_automated

DRAWS = 400
STRATA = 5


@dataclass(frozen=True, slots=True)
class AutomatedShare:
    """The share of the pool, in [0, 1], that gets the model's label: the mean, and where nine in ten draws lie.

    It rests on `tasks` audit tasks. `granted` is the probability, in [0, 1], that any of the model's labels may stand.
    """

    share: float
    low: float
    high: float
    granted: float
    tasks: int


def forecast_automated(
    margin: NDArray[np.float64],
    wrong: NDArray[np.float64],
    *,
    n: int,
    allowed: int,
    pool_margin: NDArray[np.float64] | None = None,
    seed: int = 0,
) -> AutomatedShare:
    """Return what a draw of n tasks, of which `allowed` may be wrong, would leave to the model.

    `margin` and `wrong`, both of shape (m,), are of audit tasks, m >= 1: the model's margin, and how likely it is wrong
    by the people who judged the task, in [0, 1]. Audit tasks are drawn from all texts, the draw only from what is still
    untouched, which is easier where people were given the hardest first: with `pool_margin`, margins of untouched
    tasks, audit tasks count as much as tasks of their margin are left. n tasks are drawn from them again and again,
    with weights that themselves are drawn, as m tasks are only a sample (Rubin 1981, "The Bayesian bootstrap").

    >>> margins = np.linspace(0, 1, 100)
    >>> forecast_automated(margins, np.zeros(100), n=60, allowed=0).share
    1.0
    >>> half = forecast_automated(margins, (margins < 0.5).astype(float), n=300, allowed=8)
    >>> bool(half.low < 0.52 < half.high), half.granted
    (True, 1.0)
    """
    rng = np.random.default_rng(seed)
    weights = np.ones(len(margin)) if pool_margin is None else _weights(margin, pool_margin)
    found = np.empty(DRAWS)
    for at in range(DRAWS):
        chances = rng.standard_exponential(len(margin)) * weights
        drawn = rng.choice(len(margin), n, p=chances / chances.sum())
        found[at] = most_automated(margin[drawn], rng.random(n) < wrong[drawn], allowed) / n
    low, high = np.quantile(found, (0.05, 0.95))
    return AutomatedShare(float(found.mean()), float(low), float(high), float((found > 0).mean()), len(margin))


def _weights(margin: NDArray[np.float64], pool_margin: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many tasks of the pool there are for each audit task among those of about its margin."""
    edges = np.quantile(margin, np.linspace(0, 1, STRATA + 1)[1:-1])
    own, theirs = np.searchsorted(edges, margin, "right"), np.searchsorted(edges, pool_margin, "right")
    counts = np.bincount(own, minlength=STRATA)
    ratio = np.bincount(theirs, minlength=STRATA) / np.maximum(counts, 1)
    weights: NDArray[np.float64] = ratio[own]
    return weights if weights.any() else np.ones(len(margin))
