"""What a pool of tasks is large enough for, before anything is known of the model."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """How many of `tasks` would be audit tasks, and what certifying can save at the very best.

    `second_labels` are those beyond the first that audit tasks take, `saved` the tasks left to a model that is
    certified at once, after one round, and is allowed everything: no real project saves as many.
    """

    tasks: int
    audit: int
    second_labels: int
    saved: int

    @property
    def pays(self) -> bool:
        """Return whether it could save more labels than the audit tasks take in addition."""
        return self.saved > self.second_labels


def audit_tasks(tasks: int, planned: int) -> int:
    """Return how many of the tasks become audit tasks at most: those planned, never more than a quarter of the pool."""
    return min(planned, tasks // 4)


def pool_plan(tasks: int, *, planned: int, people: int, first_round: int, certify: int) -> PoolPlan:
    """Return what a pool of this size is large enough for.

    `planned` audit tasks are labelled by `people` each; `first_round` labels make a model and `certify` tasks at least
    prove something about it.

    >>> pool_plan(600, planned=200, people=2, first_round=25, certify=59)
    PoolPlan(tasks=600, audit=150, second_labels=150, saved=366)
    """
    audit = audit_tasks(tasks, planned)
    saved = max(0, tasks - audit - first_round - certify)
    return PoolPlan(tasks, audit, audit * (people - 1), saved)


def pays_from(*, planned: int, people: int, first_round: int, certify: int) -> int | None:
    """Return the smallest pool for which certifying can pay at all, None if none below a million can.

    >>> pays_from(planned=200, people=2, first_round=25, certify=59)
    167
    """
    low, high = 0, 1_000_000
    if not pool_plan(high, planned=planned, people=people, first_round=first_round, certify=certify).pays:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        plan = pool_plan(middle, planned=planned, people=people, first_round=first_round, certify=certify)
        low, high = (low, middle) if plan.pays else (middle, high)
    return high
