"""Which events are to be told to an address now: once each, and those that did not arrive again after a while."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from labelloop.domain.delivery_record import Delivery
from labelloop.domain.news import Event
from labelloop.domain.notify_address import Address

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720))
"""How long after each attempt that failed the next one is made; after the last of them there is none."""
ATTEMPTS = len(PAUSES) + 1


@dataclass(frozen=True, slots=True)
class Due:
    """An event that is to be told now, for the `attempt`-th time."""

    event: Event
    attempt: int


def due(events: Iterable[Event], address: Address, deliveries: Iterable[Delivery], now: datetime) -> Iterator[Due]:
    """Yield what is to be told to an address now, oldest first: nothing from before it was added, nothing twice."""
    tried: dict[tuple[str, str], Delivery] = {}
    for one in deliveries:
        if one.address == address.id:
            tried[one.event, one.key] = one
    for event in sorted(events, key=lambda one: one.at):
        if address.wants(event.kind) and event.at > address.added_at:
            last = tried.get((event.kind, event.key))
            if last is None:
                yield Due(event, 1)
            elif not last.delivered and not last.final and now >= last.created_at + PAUSES[last.attempt - 1]:
                yield Due(event, last.attempt + 1)
