"""The time at which a record is made, where an order has to follow from it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from labelloop.domain.records import Record

_TICK = timedelta(microseconds=1)


def moment_after(records: Iterable[Record | None]) -> datetime:
    """Return now, but later than each of the records, whatever the clock of the machine that made them says.

    >>> from labelloop.domain.records import RefitOrder
    >>> ahead = RefitOrder(1, 1, 1, created_at=datetime(2999, 1, 1, tzinfo=UTC))
    >>> moment_after([ahead, None]) > ahead.created_at
    True
    """
    return max([datetime.now(UTC), *(one.created_at + _TICK for one in records if one is not None)])
