"""Chat and mail services, through `apprise`: which addresses are theirs, and sending to them."""

import json
import re
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

from labelloop.domain.notify_address import Address, without_secrets
from labelloop.errors import UserError
from labelloop.extras import missing_extras_reported
from workers.notify.message import Message
from workers.notify.signed_webhook import NO_ADDRESS, Sent

SCHEMES = (
    *("dingtalk", "discord", "feishu", "gchat", "gotify", "gotifys", "lark", "mailto", "mailtos", "matrix", "matrixs"),
    *("mmost", "mmosts", "ntfy", "ntfys", "pover", "rocket", "rockets", "slack", "tgram", "webex", "wecombot"),
    *("workflows", "zulip"),
)
"""The services that messages are sent to: none that runs or writes anything on this machine."""
SERVICES = "https://appriseit.com/services/"
_SHOWN = (
    (re.compile(r"https://open\.feishu\.cn/open-apis/bot/v2/hook/([\w-]+)/?"), "feishu"),
    (re.compile(r"https://oapi\.dingtalk\.com/robot/send\?access_token=(\w+)"), "dingtalk"),
)
"""Web addresses that services show and apprise does not know."""
_OF_SERVICES = frozenset(
    {
        *("api.telegram.org", "chat.googleapis.com", "discord.com", "hooks.slack.com", "oapi.dingtalk.com"),
        *("open.feishu.cn", "open.larksuite.com", "outlook.office.com", "qyapi.weixin.qq.com"),
    }
)
LIMIT_S = 20.0
"""How long one message may take, in seconds, the start of the process that sends it included."""


def service_address(url: str) -> str:
    """Return an address of a service as apprise knows it, empty where it is no service's but a web address.

    It may also be the web address that a service shows for its incoming webhook. Raises UserError where it is the
    address of a service that is not understood, or of one that no messages are sent to.
    """
    with missing_extras_reported():
        from apprise import Apprise
        from apprise.manager_plugins import NotificationManager
    scheme = url.partition("://")[0].lower()
    if scheme in ("http", "https"):
        for pattern, own in _SHOWN:
            if found := pattern.fullmatch(url):
                return f"{own}://{found[1]}"
        try:
            host = urlsplit(url).hostname or ""
        except ValueError as error:
            raise UserError(NO_ADDRESS) from error
        plugins: Any = NotificationManager()  # type: ignore[no-untyped-call]
        if any(plugins[one].parse_native_url(url) for one in SCHEMES):
            return url
        if host in _OF_SERVICES:
            raise UserError(f"Write this address as {SERVICES} says: the service takes no webhook of ours.")
        return ""
    if "://" not in url:
        raise UserError("An address begins with https://, or with the name of a service, as slack:// does.")
    if scheme not in SCHEMES:
        raise UserError(f"No messages are sent to {scheme[:20]}://; there are: https, {', '.join(SCHEMES)}.")
    if Apprise.instantiate(url, suppress_exceptions=True) is None:
        raise UserError(f"This address of {scheme}:// is not complete: {SERVICES} says how.")
    return url


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
