"""Where messages about a project go."""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from labelloop.domain.news import Kind

ENGLISH, CHINESE = "en", "zh"
HIDDEN = "…"


@dataclass(frozen=True, slots=True)
class Address:
    """An address that is told of a project's events, in a language, from `added_at` on.

    `url` is a secret, and so is the `secret` that signs messages, which is empty where a chat or mail service gets
    them. `events` are the kinds that it wants, empty: all.
    """

    id: str
    project_id: int
    url: str = field(repr=False)
    secret: str = field(repr=False)
    language: str
    events: tuple[str, ...]
    added_at: datetime

    @property
    def is_signed(self) -> bool:
        """Return whether it gets signed webhooks, rather than a message of a chat or mail service."""
        return bool(self.secret)

    @property
    def shown(self) -> str:
        """Return the address as it may be shown: how it is reached, without what gives access."""
        return redacted(self.url)

    def wants(self, kind: str) -> bool:
        """Return whether it is told of a kind of event."""
        return kind in (self.events or tuple(Kind))


def redacted(url: str) -> str:
    """Return an address without what gives access to it: of a web address the host is left, of others the scheme.

    >>> redacted("https://bot:pass@hooks.example.com:8443/T1/B2?key=3"), redacted("slack://T1/B2/C3")
    ('https://hooks.example.com:8443/…', 'slack://…')
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme}://{HIDDEN}"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/{HIDDEN}"


def without_secrets(text: str, address: Address) -> str:
    """Return a text in which no part of the address stands that gives access to it.

    >>> one = Address("a", 7, "slack://T1234/B5678/C9", "", "en", (), datetime(2026, 1, 1))
    >>> without_secrets("no T1234 at B5678", one)
    'no … at …'
    """
    parts = urlsplit(address.url)
    pieces = {address.url, address.secret, parts.username or "", parts.password or ""}
    pieces |= {piece for words in (parts.path, parts.query) for piece in _pieces(words)}
    if parts.scheme not in ("http", "https"):
        pieces |= set(_pieces(parts.netloc.rpartition("@")[2]))
    for piece in sorted((one for one in pieces if len(one) >= SHORTEST_SECRET), key=len, reverse=True):
        text = text.replace(piece, HIDDEN)
    return text


SHORTEST_SECRET = 4


def _pieces(text: str) -> list[str]:
    for mark in "&=?;,@:":
        text = text.replace(mark, "/")
    return text.split("/")
