"""Finding records among those in hand by the values of their fields, as a query would find them."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def matching(records: Iterable[T], **where: Any) -> tuple[T, ...]:
    """Return the records whose fields equal `where`, in their order."""
    return tuple(one for one in records if all(getattr(one, name) == value for name, value in where.items()))


def newest(records: Sequence[T], **where: Any) -> T | None:
    """Return the last of the records whose fields equal `where`, None if there is none.

    >>> newest([1, 2 + 1j, 3], imag=0)
    3
    """
    return next(iter(matching(reversed(records), **where)), None)
