"""What the ledger remembers of messages: which event was told to which address, or could not be."""

from dataclasses import dataclass

from labelloop.domain.records import Record


@dataclass(frozen=True, slots=True)
class Delivery(Record):
    """The `attempt`-th time, from 1 on, that an event was told to an address, and whether that worked.

    `event` is its kind and `key` its key; `address` is the address's id: the address itself is a secret. `reason` says
    why it did not work, and is empty where it did. `final` tells that it is not tried again.
    """

    event: str
    key: str
    address: str
    attempt: int
    delivered: bool
    final: bool
    reason: str = ""
