"""The promotion rule: whether a challenger replaces the champion, and why."""

from dataclasses import dataclass

FEWEST_AUDIT_TASKS = 20
NO_WORSE_THAN = 0.01
CHEAPER_BY = 2.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Challenger against champion on the same `n` audit tasks.

    `gain` is the mean paired difference of their agreement with people (positive: the challenger is better),
    `standard_error` that of the mean; `cost_ratio` is the champion's cost over the challenger's. `more_labels` says
    whether the challenger has learned from more labels: one that comes late may not have.
    """

    gain: float
    standard_error: float
    n: int
    cost_ratio: float = 1.0
    more_labels: bool = True


def promote(comparison: Comparison) -> tuple[bool, str]:
    """Return whether the challenger serves from now on, and the reason in words.

    It does when it is better by more than one standard error of the difference, or no worse than one point and at
    least twice as cheap. With fewer than 20 audit tasks nothing can be compared: the one that has learned from more
    labels is taken.
    """
    gain, error, n = comparison.gain, comparison.standard_error, comparison.n
    if n < FEWEST_AUDIT_TASKS and not comparison.more_labels:
        return False, f"only {n} audit tasks, too few to compare, and it has not learned from more labels"
    if n < FEWEST_AUDIT_TASKS:
        return True, f"only {n} audit tasks, too few to compare: the model with more labels is taken"
    measured = f"{gain:+.3f} on {n} audit tasks, standard error {error:.3f}"
    if gain > error:
        return True, f"better by more than one standard error ({measured})"
    if gain >= -NO_WORSE_THAN and comparison.cost_ratio >= CHEAPER_BY:
        return True, f"as good and {comparison.cost_ratio:.1f} times cheaper ({measured})"
    return False, f"not better by more than one standard error ({measured})"
