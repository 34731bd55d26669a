"""How requests leave this machine: past which proxy, and whose certificates are trusted; the same for every client."""

import os
import socket
import ssl
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import TypedDict
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from labelloop.errors import UserError

CA_BUNDLE = "LABELLOOP_CA_BUNDLE"
_OTHER_NAME, _OTHER_ADDRESS, _EXPIRED = 62, 64, 10  # OpenSSL's codes


class HttpOptions(TypedDict):
    """What a client of httpx is opened with; it then reads nothing of the environment by itself."""

    verify: ssl.SSLContext
    proxy: str | None
    trust_env: bool


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that a variable of the environment names; `repr` and `str` show no password."""

    variable: str
    url: str

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        return f"the proxy {parts.scheme}://{parts.netloc.rpartition('@')[2]} that {self.variable} names"


def http_options(url: str, ca_bundle: str = "") -> HttpOptions:
    """Return how a client must be opened that asks this address; raises UserError where `ca_bundle` cannot be read.

    `ca_bundle` is a PEM file of authorities that are trusted beside the usual ones.
    """
    proxy = proxy_for(url)
    return {"verify": _trusting(ca_bundle, *_own_bundle()), "proxy": proxy.url if proxy else None, "trust_env": False}


def proxy_for(url: str) -> Proxy | None:
    """Return the environment's proxy that an address is asked through; None for addresses of this machine and network.

    What such a proxy is handed leaves the machine, secrets included, and it knows nothing of our network. Names are
    resolved, and only where there is a proxy at all.
    """
    proxies = getproxies_environment()
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # the client itself says best what is wrong with it
        return None
    kind = parts.scheme if parts.scheme in proxies else "all"
    if kind not in proxies or proxy_bypass(parts.netloc.rpartition("@")[2]) or _is_near(host):
        return None
    name = f"{kind}_proxy"
    address = proxies[kind]
    variable = name if os.environ.get(name) else name.upper()
    return Proxy(variable, address if "://" in address else f"http://{address}")


def through(url: str) -> str:
    """Return a half sentence that names the proxy an address is asked through; empty where it is asked directly."""
    proxy = proxy_for(url)
    return f" through {proxy}; if it shall be asked directly, add its host to NO_PROXY" if proxy else ""


def untrusted(who: str, error: BaseException) -> UserError | None:
    """Return the error to raise where TLS fails for a reason that no second attempt changes; else None."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError) and not _is_plain(cause):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    if not isinstance(cause, ssl.SSLCertVerificationError):
        who = f"{who[:1].upper()}{who[1:]}"
        return UserError(f"{who} does not speak TLS: write http:// in its address, or check the port.")
    if cause.verify_code in (_OTHER_NAME, _OTHER_ADDRESS):
        advice = "use the name that the certificate is for"
    elif cause.verify_code == _EXPIRED:
        advice = "have it renewed"
    else:
        advice = f"set {CA_BUNDLE} to the PEM file of the authority that issued it"
    return UserError(f"The certificate of {who} is not trusted ({cause.verify_message}): {advice}.")


def _is_plain(cause: BaseException) -> bool:
    """Return whether TLS was spoken to a server that answered in plain HTTP."""
    return isinstance(cause, ssl.SSLError) and cause.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")


def _is_near(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return _is_private(host)
    except ValueError:
        pass
    found = addresses_of(host)
    return bool(found) and all(_is_private(address.partition("%")[0]) for address in found)


def addresses_of(host: str) -> set[str]:
    """Return the addresses of a host's name; none where only the proxy knows it."""
    try:
        return {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return set()


def _is_private(address: str) -> bool:
    found = ip_address(address)
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return found.is_loopback or found.is_private or found.is_link_local


def _own_bundle() -> tuple[str, str]:
    """Return the file and the folder of authorities that the environment names for OpenSSL."""
    return os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", "")


@lru_cache(maxsize=4)  # reading the usual authorities takes longer than a request
def _trusting(ca_bundle: str, file: str, folder: str) -> ssl.SSLContext:
    import certifi

    usual = None if file or folder else certifi.where()
    context = ssl.create_default_context(cafile=file or usual, capath=folder or None)
    if ca_bundle:
        try:
            context.load_verify_locations(ca_bundle)
        except (OSError, ssl.SSLError) as error:
            raise UserError(f"{CA_BUNDLE} names {ca_bundle}, which is no readable PEM file ({error}).") from error
    return context
