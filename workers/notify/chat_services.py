"""Chat and mail services, through `apprise`: which addresses are theirs, and sending to them."""

import json
import subprocess
import sys
from typing import Any

from labelloop.domain.notify_address import Address, without_secrets
from labelloop.errors import UserError
from labelloop.extras import missing_extras_reported
from workers.notify.message import Message
from workers.notify.signed_webhook import Sent

SCHEMES = (
    *("dingtalk", "discord", "feishu", "gchat", "gotify", "gotifys", "lark", "mailto", "mailtos", "matrix", "matrixs"),
    *("mmost", "mmosts", "ntfy", "ntfys", "pover", "rocket", "rockets", "slack", "tgram", "webex", "wecombot"),
    *("workflows", "zulip"),
)
"""The services that messages are sent to: none that runs or writes anything on this machine."""
LIMIT_S = 20.0
"""How long one message may take, in seconds, the start of the process that sends it included."""


def service_of(url: str) -> str:
    """Return the service that an address belongs to, empty where it is none of those that we send to.

    The address may be that of apprise, or the one that Slack, Discord or Teams show for an incoming webhook. Raises
    UserError where the address of a service is incomplete.
    """
    with missing_extras_reported():
        from apprise import Apprise
        from apprise.manager_plugins import NotificationManager
    scheme = url.partition("://")[0].lower()
    if scheme in ("http", "https"):
        plugins: Any = NotificationManager()  # type: ignore[no-untyped-call]
        return next((one for one in SCHEMES if plugins[one].parse_native_url(url)), "")
    if "://" not in url:
        raise UserError("An address begins with https://, or with the name of a service, as slack:// does.")
    if scheme not in SCHEMES:
        raise UserError(f"No messages are sent to {scheme[:20]}://; there are: https, {', '.join(SCHEMES)}.")
    if Apprise.instantiate(url, suppress_exceptions=True) is None:
        raise UserError(f"This address of {scheme}:// is not complete: https://appriseit.com/services/ says how.")
    return scheme


def send_to_service(address: Address, message: Message, *, private: bool = False) -> Sent:
    """Send a message and return what came of it.

    It is sent by a process of its own, which connects to no private address, whatever a name turns out to be, and is
    stopped where it takes too long.
    """
    order = {"url": address.url, "title": message.title, "body": f"{message.text}\n{message.url}", "private": private}
    command = [sys.executable, "-m", "workers.notify.service_process"]
    try:
        run = subprocess.run(  # noqa: S603 - our own module; the address goes to its standard input
            command, input=json.dumps(order).encode(), capture_output=True, timeout=LIMIT_S, check=True
        )
        delivered, reason = json.loads(run.stdout)
    except subprocess.TimeoutExpired:
        return Sent(False, "It does not answer in time.")
    except (subprocess.CalledProcessError, ValueError):
        return Sent(False, "The process that sends messages failed.")
    return Sent(delivered, without_secrets(reason, address))
