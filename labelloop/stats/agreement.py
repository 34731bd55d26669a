"""How far judgements agree: people's with each other, a model's with people's, one model's against another's."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from labelloop.domain.values import FieldKind, Moment, Number, Rating, Value, comparable, similarity

Distance = Callable[[Hashable, Hashable], float]
"""How far two judgements are apart, 0 for equal ones, the same both ways."""


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """The mean of one minus other over the same n tasks; `standard_error` is infinite where n < 2."""

    mean: float
    standard_error: float
    n: int


def pairwise_agreement(values: Sequence[Value]) -> float | None:
    """Return the mean similarity, in [0, 1], of all pairs of one task's judgements; None where there is no pair.

    Two that are about different regions are none.
    """
    pairs = [similarity(one, other) for one, other in combinations(values, 2) if comparable(one, other)]
    return sum(pairs) / len(pairs) if pairs else None


def model_agreement(value: Value, people: Sequence[Value]) -> float:
    """Return the mean similarity, in [0, 1], of a model's judgement to each person's (at least one).

    People who speak of other regions only do not count, unless all do.
    """
    counted = [person for person in people if comparable(value, person)] or people
    return sum(similarity(value, person) for person in counted) / len(counted)


def paired_difference(one: NDArray[np.float64], other: NDArray[np.float64]) -> PairedDifference:
    """Compare two measurements of the same tasks, both of shape (n,)."""
    differences = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    n = len(differences)
    if n < 2:
        return PairedDifference(float(differences.sum()), float("inf"), n)
    return PairedDifference(float(differences.mean()), float(differences.std(ddof=1) / np.sqrt(n)), n)


def nominal(one: Hashable, other: Hashable) -> float:
    """Return 0 for equal judgements, else 1."""
    return float(one != other)


def squared(one: Hashable, other: Hashable) -> float:
    """Return the squared distance of two points on a line: the interval metric, which makes kappa quadratic."""
    if not (isinstance(one, Rating | Number | Moment) and isinstance(other, Rating | Number | Moment)):
        raise TypeError(f"{one!r} and {other!r} are not both points on a line")
    return (one.place - other.place) ** 2


def distance_of(kind: FieldKind) -> Distance | None:
    """Return by what alpha and kappa tell annotations of a field apart; None where they mean nothing.

    That is spans, texts, rankings and what each task brings along: with no end of things that might have been said,
    agreement by chance cannot be told (Hripcsak and Rothschild 2005, "Agreement, the F-measure, and reliability in
    information retrieval").
    """
    match kind:
        case FieldKind.SPANS | FieldKind.TEXT | FieldKind.OPTION | FieldKind.OPTIONS | FieldKind.RANKING:
            return None
        case FieldKind.RATING | FieldKind.NUMBER | FieldKind.DATETIME:
            return squared
        case FieldKind.CHOICE | FieldKind.CHOICES | FieldKind.PAIRWISE | FieldKind.TAXONOMY:
            return nominal
        case _:
            assert_never(kind)


def krippendorff_alpha(units: Sequence[Sequence[Hashable]], distance: Distance = nominal) -> float | None:
    """Return alpha, at most 1, of units that were each judged any number of times; 0 is chance.

    Units judged once do not count. None where nothing can be compared or all judgements are the same.
    Krippendorff 2004, "Content Analysis", chapter 11.
    """
    totals: Counter[Hashable] = Counter()
    observed = 0.0
    for unit in units:
        if len(unit) > 1:
            totals.update(unit)
            observed += _apart(Counter(unit), Counter(unit), distance) / (len(unit) - 1)
    expected = _apart(totals, totals, distance)
    return 1.0 - (totals.total() - 1) * observed / expected if expected else None


def cohen_kappa(one: Sequence[Hashable], other: Sequence[Hashable], distance: Distance = nominal) -> float | None:
    """Return Cohen's kappa, at most 1, of two people's annotations of the same tasks in the same order; 0 is chance.

    None where there is no task, or both gave one and the same label throughout: chance alone would then agree too.
    Cohen 1960, "A coefficient of agreement for nominal scales", and 1968, "Weighted kappa". Raises ValueError where
    the lengths differ.
    >>> cohen_kappa(["a", "a", "b", "b"], ["a", "b", "b", "b"])
    0.5
    """
    observed = sum(distance(a, b) for a, b in zip(one, other, strict=True))
    expected = _apart(Counter(one), Counter(other), distance)
    return 1.0 - len(one) * observed / expected if expected else None


def _apart(one: Counter[Hashable], other: Counter[Hashable], distance: Distance) -> float:
    return sum(n * m * distance(a, b) for a, n in one.items() for b, m in other.items())
