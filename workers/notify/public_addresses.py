"""Which addresses of the internet a message may be sent to: those that anybody may reach, and none of our network."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

from labelloop.errors import NeighbourError, UserError

ALLOW = "LABELLOOP_NOTIFY_PRIVATE"


class PrivateAddress(UserError):
    """A host is inside a private network, or is this machine."""

    def __init__(self, host: str, address: str) -> None:
        name = host if host == address else f"{host} ({address})"
        super().__init__(
            f"{name} is inside a private network: messages go there only if the operator sets {ALLOW}=true."
        )


def is_public(address: str) -> bool:
    """Return whether an address is one of the open internet; one that holds another is looked through.

    >>> is_public("93.184.215.14"), is_public("::ffff:127.0.0.1"), is_public("100.64.0.1"), is_public("fe80::1%eth0")
    (True, False, False, False)
    """
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return is_public(str(found.ipv4_mapped))
        if found.sixtofour or found.teredo or found.is_site_local:
            return False
    return found.is_global and not _is_special(found)


def _is_special(found: IPv4Address | IPv6Address) -> bool:
    return found.is_multicast or found.is_reserved or found.is_loopback or found.is_link_local or found.is_unspecified


def checked_address(host: str, *, private: bool) -> str:
    """Return an address of the host that a message may be sent to.

    Raises PrivateAddress where any of its addresses is not public, unless `private` ones are allowed, and
    NeighbourError where it has none.
    """
    found = _addresses(host)
    for address in found:
        if not private and not is_public(address):
            raise PrivateAddress(host, address)
    if not found:
        raise NeighbourError(f"The name {host} is not known.")
    return found[0]


def _addresses(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
