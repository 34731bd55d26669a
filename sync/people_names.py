"""What annotators are called in Label Studio."""

from collections.abc import Sequence

from sync.api.client import LabelStudio
from sync.api.wire import WireUser


def people_names(client: LabelStudio) -> dict[int, str]:
    """Return the names of the organization's accounts by their number; raises NeighbourError, UserError.

    Accounts that have neither a name nor an e-mail address are left out.
    """
    return names_of(client.users())


def names_of(users: Sequence[WireUser]) -> dict[int, str]:
    """Return first and last name, else the e-mail address, else the name of the account, by number.

    >>> names_of([WireUser(id=1, first_name="Ada", last_name="L."), WireUser(id=2, email="b@x.org"), WireUser(id=3)])
    {1: 'Ada L.', 2: 'b@x.org'}
    """
    named = {user.id: " ".join(f"{user.first_name or ''} {user.last_name or ''}".split()) for user in users}
    found = {user.id: named[user.id] or user.email or user.username for user in users}
    return {number: name for number, name in found.items() if name}
