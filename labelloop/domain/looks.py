"""When a verdict is a look at the audit set: at planned sizes, or when the lead asks, never by a round of its own."""

from collections.abc import Sequence

from labelloop.domain.promotion import FEWEST_AUDIT_TASKS
from labelloop.domain.records import Verdict

PLANNED_SIZES = (100, 200, 400)


def could_be_a_look(version: str, n: int) -> bool:
    """Return whether a verdict on n audit tasks could come to a *yes*."""
    return bool(version) and n >= FEWEST_AUDIT_TASKS


def planned_sizes(audit_tasks: int) -> list[int]:
    """Return at how many labelled audit tasks a look is planned, where there are so many audit tasks in all.

    >>> planned_sizes(150), planned_sizes(60)
    ([100, 150], [60])
    """
    return sorted({min(size, audit_tasks) for size in PLANNED_SIZES if audit_tasks})


def is_planned(n: int, before: int, audit_tasks: int) -> bool:
    """Return whether a look is due on n labelled audit tasks, the largest look having been on `before`.

    >>> is_planned(99, 0, 200), is_planned(104, 0, 200), is_planned(150, 104, 200)
    (False, True, False)
    """
    return any(before < size <= n for size in planned_sizes(audit_tasks))


def next_planned(n: int, before: int, audit_tasks: int) -> int | None:
    """Return at how many labelled audit tasks the next look is planned, None after the last."""
    return next((size for size in planned_sizes(audit_tasks) if size > max(n, before)), None)


def looks(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return which of the verdicts, oldest first, were looks; in old ledgers every round's was one."""
    before = [0, *(verdict.look for verdict in verdicts)]
    return [verdict for verdict, count in zip(verdicts, before, strict=False) if verdict.look > count]
