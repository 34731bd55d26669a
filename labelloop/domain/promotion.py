"""The promotion rule: whether a challenger replaces the champion, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isinf

FEWEST_AUDIT_TASKS = 20
NO_WORSE_THAN = 0.01
CHEAPER_BY = 2.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a version's answers cost: money per 1,000 of them, in the price table's currency, and milliseconds each."""

    per_1000: float
    ms_per_text: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Challenger against champion on the same `n` audit tasks.

    `gain` is the mean paired difference of their agreement with people (positive: the challenger is better),
    `standard_error` that of the mean; `cost_ratio` is the champion's cost over the challenger's. `more_labels` says
    whether the challenger has learned from more labels: one that comes late may not have; `outdated` that the champion
    was fitted with an encoder that is not the project's any more, and the challenger with the one that is.
    """

    gain: float
    standard_error: float
    n: int
    cost_ratio: float = 1.0
    more_labels: bool = True
    outdated: bool = False


def cost_ratio(challenger: Cost, champion: Cost, *, same_learner: bool) -> float:
    """Return how many times cheaper the challenger is, in [0, inf].

    Where either costs money, money counts; else time does, but not between versions of one learner, whose times differ
    by chance only.

    >>> cost_ratio(Cost(0.0, 9.0), Cost(0.4, 1.0), same_learner=False)
    inf
    >>> cost_ratio(Cost(0.0, 1.0), Cost(0.0, 4.0), same_learner=False)
    4.0
    """
    if challenger.per_1000 > 0 or champion.per_1000 > 0:
        return champion.per_1000 / challenger.per_1000 if challenger.per_1000 > 0 else inf
    return 1.0 if same_learner else champion.ms_per_text / max(challenger.ms_per_text, 1e-9)


def challenger_among(measured: Sequence[tuple[float, float]]) -> int:
    """Return which of a round's candidates challenges: each is its agreement and what 1,000 of its answers cost.

    It is the one that agrees most with people; one no worse than one point and at least twice as cheap goes before it,
    the cheapest of these.

    >>> challenger_among([(0.90, 0.0), (0.905, 2.0)]), challenger_among([(0.88, 0.0), (0.905, 2.0)])
    (0, 1)
    """
    best = max(range(len(measured)), key=lambda place: measured[place][0])
    agreement, cost = measured[best]
    as_good = [
        place
        for place, (other, price) in enumerate(measured)
        if other >= agreement - NO_WORSE_THAN and cost > 0 and price * CHEAPER_BY <= cost
    ]
    return min(as_good, key=lambda place: (measured[place][1], -measured[place][0]), default=best)


def promote(comparison: Comparison) -> tuple[bool, str]:
    """Return whether the challenger serves from now on, and the reason in words.

    It does when it is better by more than one standard error of the difference, or no worse than one point and at
    least twice as cheap: in money where either costs money, else in time. With fewer than 20 audit tasks nothing can be
    compared: the one that has learned from more labels is taken. Where the champion's encoder is not the project's any
    more the challenger serves unless it is worse by more than one standard error.
    """
    gain, error, n = comparison.gain, comparison.standard_error, comparison.n
    if n < FEWEST_AUDIT_TASKS and comparison.outdated:
        return True, f"only {n} audit tasks, too few to compare: the model with the project's encoder is taken"
    if n < FEWEST_AUDIT_TASKS and not comparison.more_labels:
        return False, f"only {n} audit tasks, too few to compare, and it has not learned from more labels"
    if n < FEWEST_AUDIT_TASKS:
        return True, f"only {n} audit tasks, too few to compare: the model with more labels is taken"
    measured = f"{gain:+.3f} on {n} audit tasks, standard error {error:.3f}"
    if gain > error:
        return True, f"better by more than one standard error ({measured})"
    if gain >= -NO_WORSE_THAN and comparison.cost_ratio >= CHEAPER_BY:
        return True, f"as good and {_cheaper(comparison.cost_ratio)} ({measured})"
    if comparison.outdated and gain >= -error:
        return True, f"not worse by more than one standard error, and fitted with the project's encoder ({measured})"
    return False, f"not better by more than one standard error ({measured})"


def _cheaper(ratio: float) -> str:
    return "free of charge" if isinf(ratio) else f"{ratio:.1f} times cheaper"
