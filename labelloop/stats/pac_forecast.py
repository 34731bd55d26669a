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
    pool = None if pool_margin is None else pool_margin[None, :]
    return forecast_together(margin[None, :], wrong[None, :], n=n, allowed=allowed, pool_margin=pool, seed=seed)[-1]


def forecast_together(
    margin: NDArray[np.float64],
    wrong: NDArray[np.float64],
    *,
    n: int,
    allowed: int,
    blocked: NDArray[np.bool_] | None = None,
    not_asked: NDArray[np.bool_] | None = None,
    pool_margin: NDArray[np.float64] | None = None,
    seed: int = 0,
) -> list[AutomatedShare]:
    """Return the same for each of several fields that are certified on the same tasks, and last for all at once.

    `margin` and `wrong` are of shape (fields, m), `pool_margin` of shape (fields, untouched tasks). A task is left to
    the model where each field's margin reaches the threshold of that field, and it is not `blocked`, shape (m,). A
    field of which nothing may stand, or fewer than are `not_asked` of it, shape (fields, m), leaves these to it; none
    without. Audit tasks count by their lowest margin.

    >>> margins = np.linspace(0, 1, 100)
    >>> two = np.stack([margins, margins[::-1]])
    >>> found = forecast_together(two, (two < 0.5).astype(float), n=300, allowed=0)
    >>> [round(one.share, 1) for one in found]
    [0.5, 0.5, 0.0]
    """
    rng, (fields, tasks) = np.random.default_rng(seed), margin.shape
    lowest = margin.min(axis=0)
    weights = np.ones(tasks) if pool_margin is None else _weights(lowest, pool_margin.min(axis=0))
    free = np.ones(tasks, bool) if blocked is None else ~blocked
    found = np.empty((fields + 1, DRAWS))
    for at in range(DRAWS):
        chances = rng.standard_exponential(tasks) * weights
        drawn = rng.choice(tasks, n, p=chances / chances.sum())
        done = free[drawn]
        for field in range(fields):
            scores = margin[field, drawn]
            automated = most_automated(scores, rng.random(n) < wrong[field, drawn], allowed)
            stands = scores >= np.sort(scores)[-automated] if automated else np.zeros(n, bool)
            unasked = np.zeros(n, bool) if not_asked is None else not_asked[field, drawn]
            is_granted = automated >= max(1, int(unasked.sum()))
            found[field, at] = stands.mean() if is_granted else 0.0
            done = done & (stands if is_granted else unasked)
        found[-1, at] = done.mean()
    return [_share(one, tasks) for one in found]


def _share(found: NDArray[np.float64], tasks: int) -> AutomatedShare:
    low, high = np.quantile(found, (0.05, 0.95))
    return AutomatedShare(float(found.mean()), float(low), float(high), float((found > 0).mean()), tasks)


def _weights(margin: NDArray[np.float64], pool_margin: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many tasks of the pool there are for each audit task among those of about its margin."""
    edges = np.quantile(margin, np.linspace(0, 1, STRATA + 1)[1:-1])
    own, theirs = np.searchsorted(edges, margin, "right"), np.searchsorted(edges, pool_margin, "right")
    counts = np.bincount(own, minlength=STRATA)
    ratio = np.bincount(theirs, minlength=STRATA) / np.maximum(counts, 1)
    weights: NDArray[np.float64] = ratio[own]
    return weights if weights.any() else np.ones(len(margin))
