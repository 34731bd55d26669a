"""How far judgements agree: people's with each other, a model's with people's, one model's against another's."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import Value, similarity


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """The mean of one minus other over the same n tasks; `standard_error` is infinite where n < 2."""

    mean: float
    standard_error: float
    n: int


def pairwise_agreement(values: Sequence[Value]) -> float | None:
    """Return the mean similarity, in [0, 1], of all pairs of one task's judgements; None where there is no pair."""
    pairs = [similarity(one, other) for one, other in combinations(values, 2)]
    return sum(pairs) / len(pairs) if pairs else None


def model_agreement(value: Value, people: Sequence[Value]) -> float:
    """Return the mean similarity, in [0, 1], of a model's judgement to each person's (at least one)."""
    return sum(similarity(value, person) for person in people) / len(people)


def paired_difference(one: NDArray[np.float64], other: NDArray[np.float64]) -> PairedDifference:
    """Compare two measurements of the same tasks, both of shape (n,)."""
    differences = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    n = len(differences)
    if n < 2:
        return PairedDifference(float(differences.sum()), float("inf"), n)
    return PairedDifference(float(differences.mean()), float(differences.std(ddof=1) / np.sqrt(n)), n)


def krippendorff_alpha(units: Sequence[Sequence[Hashable]]) -> float | None:
    """Return the nominal alpha, at most 1, of units that were each judged any number of times; 0 is chance.

    Units judged once do not count. None where nothing can be compared or all judgements are the same.
    Krippendorff 2004, "Content Analysis", chapter 11.
    """
    totals: Counter[Hashable] = Counter()
    disagreement = 0.0
    for unit in units:
        if len(unit) > 1:
            counts = Counter(unit)
            totals += counts
            alike = sum(c * (c - 1) for c in counts.values())
            disagreement += (len(unit) * (len(unit) - 1) - alike) / (len(unit) - 1)
    n = totals.total()
    expected = n * n - sum(c * c for c in totals.values())
    return 1.0 - (n - 1) * disagreement / expected if expected else None
