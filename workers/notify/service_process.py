"""The process that sends one message through `apprise`: the order is read from standard input, the outcome printed."""

import json
import logging
import socket
import sys
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

from apprise import Apprise, AppriseAsset, NotifyFormat
from apprise.plugins.base import NotifyBase
from requests import Response, Session

from workers.notify.public_addresses import PrivateAddress, is_public

LONGEST_ANSWER = 300

_resolve = socket.getaddrinfo


class _Guard:
    """Looks names up as usual, but finds no private address: every connection of this process asks it first."""

    def __init__(self) -> None:
        self.refused = ""
        self._proxies = {urlsplit(url if "://" in url else f"//{url}").hostname for url in _proxies()}

    def __call__(self, host: Any, *others: Any, **named: Any) -> Any:
        found = _resolve(host, *others, **named)
        name = host.decode() if isinstance(host, bytes) else str(host)
        for entry in found:
            address = str(entry[4][0])
            if name not in self._proxies and not is_public(address):
                self.refused = str(PrivateAddress(name, address))
                raise socket.gaierror(socket.EAI_FAIL, "a private address")
        return found

    def allows(self, service: NotifyBase) -> bool:
        """Return whether the host that an address names may be asked, through a proxy too."""
        host = getattr(service, "smtp_host", "") or service.host
        if _names_host(service) and host:
            try:
                self(host, None)
            except OSError:
                return not self.refused
        return True


def _proxies() -> list[str]:
    return [url for kind, url in getproxies_environment().items() if kind != "no"]


def _names_host(service: NotifyBase) -> bool:
    templates: tuple[str, ...] = service.templates
    return any("{host}" in template or "{domain}" in template for template in templates)


class _Answers:
    """Looks at the answers of services: some refuse a message with HTTP 200, which apprise takes as sent."""

    def __init__(self) -> None:
        self.refused = ""
        self._send = Session.send

    def __call__(self, session: Session, *others: Any, **named: Any) -> Response:
        answer: Response = self._send(session, *others, **named)
        self.refused = self.refused or refusal(answer.content)
        return answer


def refusal(content: bytes) -> str:
    """Return why DingTalk or WeCom refused a message, empty where this is no answer of the kind.

    >>> refusal(b'{"errcode": 310000, "errmsg": "keywords not in content"}'), refusal(b'{"errcode": 0}'), refusal(b"ok")
    ('error 310000: keywords not in content', '', '')
    """
    try:
        found = json.loads(content)
    except ValueError:
        return ""
    if not isinstance(found, dict) or not found.get("errcode"):
        return ""
    return f"error {found['errcode']}: {str(found.get('errmsg', ''))[:LONGEST_ANSWER]}"


class _Said(logging.Handler):
    """Keeps the last warning."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage()


def send(order: dict[str, Any]) -> tuple[bool, str]:
    """Send one message; return whether it arrived, and what the service said where it did not."""
    said, guard = _Said(), _Guard()
    logging.getLogger("apprise").addHandler(said)
    service = Apprise.instantiate(order["url"], asset=AppriseAsset(http_redirects=False), suppress_exceptions=True)
    if not isinstance(service, NotifyBase):
        return False, "The address is not complete."
    service.redirects = False
    if not order["private"]:
        socket.getaddrinfo = guard
        if not guard.allows(service):
            return False, guard.refused
    answers = _Answers()
    Session.send = lambda *given, **named: answers(*given, **named)  # type: ignore[method-assign]
    sent = bool(service.notify(title=order["title"], body=order["body"], body_format=NotifyFormat.TEXT))
    if sent and not answers.refused:
        return True, ""
    return False, answers.refused or guard.refused or said.last or "The service did not take it."


if __name__ == "__main__":
    print(json.dumps(send(json.load(sys.stdin))))  # noqa: T201 - the answer to the process that started this one
