"""Where a remote ML backend answers, taken from a rule and checked before anything is sent or stored."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from labelloop.errors import UserError
from labelloop.learners.base import RemoteAccess

NO_PROJECT = "0"
_EXAMPLE = "`remote:http://host:9090`, or `remote:http://host:9090#12` for a backend that keeps a model per project"
_PORTS = {"http": 80, "https": 443}
_OURSELVES = frozenset({"localhost", "loopback"})


@dataclass(frozen=True, slots=True)
class Address:
    """A backend's address, free of credentials, and the number of the Label Studio project it is asked about."""

    url: str
    project: str = NO_PROJECT


def address(written: str) -> Address:
    """Return the address that a rule names; raises UserError, which never repeats a password, for anything else."""
    try:
        parts = urlsplit(written.strip())
        port_is_fine = parts.port != 0
    except ValueError:
        raise UserError(f"The address of a remote learner cannot be read; write {_EXAMPLE}.") from None
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise UserError(
            "The address of a remote learner must not hold a user name or a password, since rules are stored and shown:"
            f" write {_EXAMPLE}, and set LABELLOOP_REMOTE_USER and LABELLOOP_REMOTE_PASSWORD."
        )
    if parts.scheme not in _PORTS or not parts.hostname or not port_is_fine or parts.query:
        raise UserError(f"The address of a remote learner must be http or https, without a query; write {_EXAMPLE}.")
    if parts.fragment and not (parts.fragment.isascii() and parts.fragment.isdigit()):
        raise UserError(f"What follows # must be the number of the project in Label Studio; write {_EXAMPLE}.")
    return Address(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", parts.fragment or NO_PROJECT)


def refuse_ourselves(found: Address, access: RemoteAccess) -> None:
    """Raise UserError where the address is our own ML backend's, which would ask itself for ever."""
    asked = _place(urlsplit(found.url))
    if asked in (_place(urlsplit(access.own_url)), ("loopback", access.own_port)):
        raise UserError(
            f"{found.url} is LabelLoop's own ML backend: name the address of the other one. If both are on this "
            "machine, give one of them another port (LABELLOOP_PORT and LABELLOOP_BACKEND_URL)."
        )


def _place(parts: SplitResult) -> tuple[str, int]:
    host = (parts.hostname or "").rstrip(".").lower()
    try:
        number = ip_address(host)
        here = number.is_loopback or number.is_unspecified
    except ValueError:
        here = host in _OURSELVES
    return ("loopback" if here else host), parts.port or _PORTS.get(parts.scheme, 0)
