"""Send a message as a signed webhook, in the form of Standard Webhooks (https://www.standardwebhooks.com)."""

import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Timer

import httpx

from labelloop.domain.notify_address import Address
from labelloop.errors import LabelLoopError, NeighbourError, UserError
from labelloop.extras import missing_extras_reported
from labelloop.outgoing_requests import http_options, proxy_for, untrusted
from workers.notify.message import Message
from workers.notify.public_addresses import ALLOW, checked_address

TIMEOUT = httpx.Timeout(5.0)
LIMIT_S = 20.0
"""How long one message may take in all: an answer of which a byte comes each second never runs into a timeout."""
LARGEST_PORT = 65535
NO_ADDRESS = "That is no address of the web."
GONE = 410


@dataclass(frozen=True, slots=True)
class Sent:
    """Whether a message arrived, or why it did not; `final` where there is no point in trying again."""

    delivered: bool
    answer: str
    final: bool = False


def new_secret() -> str:
    """Return a secret that signs messages, as the receiver is told it."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def check_url(url: str, *, private: bool) -> httpx.URL:
    """Return the address as one that messages can be sent to; raises UserError where it is none, or not encrypted."""
    try:
        found = httpx.URL(url)
        host, port = found.host, found.port
    except (httpx.InvalidURL, ValueError) as error:
        raise UserError(NO_ADDRESS) from error
    if port and port > LARGEST_PORT:
        raise UserError(f"{NO_ADDRESS[:-1]}: a port is {LARGEST_PORT} at most.")
    if not host or found.scheme not in ("http", "https"):
        raise UserError("An address of the web begins with https:// and names a host.")
    if found.scheme == "http" and not private:
        raise UserError(f"An address must begin with https://, unless {ALLOW}=true is set.")
    return found


def send_webhook(
    address: Address, message: Message, now: datetime, *, private: bool = False, ca_bundle: str = ""
) -> Sent:
    """Send a message and return what came of it; nothing is raised for what the other side does.

    The connection goes to the very address that was checked, redirects are not followed, and no answer is read.
    """
    try:
        url = check_url(address.url, private=private)
        target, headers = _target(url, private=private)
        with httpx.Client(timeout=TIMEOUT, follow_redirects=False, **http_options(address.url, ca_bundle)) as client:
            request = client.build_request(
                "POST",
                target,
                content=message.body,
                headers=headers | _signed(address, message, now),
                extensions={"sni_hostname": url.host},
            )
            with _in_time(client):
                answer = client.send(request, stream=True)
                answer.close()
    except LabelLoopError as error:
        return Sent(False, str(error))
    except httpx.HTTPError as error:
        refused = untrusted("the receiver", error)
        return Sent(False, str(refused) if refused else f"It does not answer ({type(error).__name__}).")
    if answer.is_success:
        return Sent(True, f"HTTP {answer.status_code}")
    if answer.is_redirect:
        return Sent(
            False, f"HTTP {answer.status_code}: it redirects, which is not followed. Add the address behind it."
        )
    return Sent(False, f"HTTP {answer.status_code}", final=answer.status_code == GONE)


@contextmanager
def _in_time(client: httpx.Client) -> Iterator[None]:
    """Close the client's connection where the time is up; raises NeighbourError then."""
    is_late = Event()

    def end() -> None:
        is_late.set()
        client.close()

    timer = Timer(LIMIT_S, end)
    timer.start()
    try:
        yield
    except httpx.HTTPError as error:
        if is_late.is_set():
            raise NeighbourError("It does not answer in time.") from error
        raise
    finally:
        timer.cancel()


def _target(url: httpx.URL, *, private: bool) -> tuple[httpx.URL, dict[str, str]]:
    """Return where to connect, and the header that names the host.

    Where private addresses are allowed a proxy is given the name, which it alone may know.
    """
    if private and proxy_for(str(url)):
        return url, {}
    address = checked_address(url.host, private=private)
    return url.copy_with(host=address.partition("%")[0]), {"Host": url.netloc.decode("ascii")}


def _signed(address: Address, message: Message, now: datetime) -> dict[str, str]:
    with missing_extras_reported():
        from standardwebhooks.webhooks import Webhook

    signature = Webhook(address.secret).sign(message.id, now, message.body)
    return {
        "content-type": "application/json",
        "user-agent": "LabelLoop",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
