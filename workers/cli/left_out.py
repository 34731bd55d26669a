"""Tasks without a settled label, for people."""

from collections.abc import Iterator, Mapping

SHOWN = 10


def listed(left_out: Mapping[int, str]) -> Iterator[str]:
    """Yield a line for each of the first ten tasks, with the reason, and how many more there are.

    >>> list(listed({4: "tie between bad, good"}))
    ['  task 4: tie between bad, good']
    """
    for task_id, reason in list(left_out.items())[:SHOWN]:
        yield f"  task {task_id}: {reason}"
    if len(left_out) > SHOWN:
        yield f"  … and {len(left_out) - SHOWN} more"
