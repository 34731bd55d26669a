"""A release is predicted in chunks of its tasks, so that memory stays flat and workers share the work."""

from collections.abc import Sequence

CHUNK = 1000


def chunk_numbers(tasks: int) -> range:
    """Return the numbers of the chunks that so many tasks come in.

    >>> list(chunk_numbers(1001))
    [0, 1]
    """
    return range(-(-tasks // CHUNK))


def chunk_of(ids: Sequence[int], number: int) -> list[int]:
    """Return the tasks of the `number`-th chunk, from 0 on."""
    return list(ids[number * CHUNK : (number + 1) * CHUNK])
