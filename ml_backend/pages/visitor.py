"""Who looks at a page: a lead with a session, or whoever knows the service's password; and which forms are ours."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request, session

from labelloop.settings import Settings
from ml_backend.auth import basic_is
from sync.api.wire import WireAccount

NAME, NONCE = "name", "nonce"
EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who may see the pages: `name` is the e-mail address of their account, or the service's user name."""

    name: str
    logged_in: bool = False


def visitor(settings: Settings) -> Visitor | None:
    """Return who asks, None for a stranger."""
    password = settings.backend_password.get_secret_value()
    if not password or basic_is(settings.backend_user, password):
        return Visitor(settings.backend_user)
    name = session.get(NAME)
    return Visitor(name, logged_in=True) if isinstance(name, str) and is_named(name, settings) else None


def log_in(name: str) -> None:
    """Begin a session of an account: nothing of the one before is kept, so that nobody can have prepared it."""
    session.clear()
    session.permanent = True
    session[NAME] = name
    session[NONCE] = secrets.token_urlsafe(16)


def is_named(name: str, settings: Settings) -> bool:
    """Return whether the settings let the account in, or name nobody at all: then it was asked at the log-in."""
    named = _named(settings)
    return not named or EVERYBODY in named or name.casefold() in named


def may_act(account: WireAccount, token_account: str, settings: Settings) -> bool:
    """Return whether an account may open the pages: those named do, else the organization's owner and the token's."""
    if _named(settings):
        return is_named(account.email, settings)
    others = {account.owner.casefold(), token_account.casefold()} - {""}
    return account.email.casefold() in others


def form_token(settings: Settings) -> str:
    """Return the token that a form carries: of the visitor's session, where there is one, and of this installation."""
    if NONCE not in session and request.authorization is None:
        session[NONCE] = secrets.token_urlsafe(16)
    return _signed(f"form {session.get(NONCE, '')}", settings)


def form_is_ours(settings: Settings) -> bool:
    """Return whether a form comes from a page of ours: browsers send cookies and passwords with those of others too."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site != "same-origin":
        return False
    if site is None and origin is not None and urlsplit(origin).netloc != request.host:
        return False
    if NONCE not in session and request.authorization is None:
        return False
    given = request.form.get("token", "").encode("utf-8", "replace")
    return hmac.compare_digest(given, form_token(settings).encode())


def session_key(settings: Settings) -> str:
    """Return the key that sessions are signed with: that of the settings' secrets, so that new ones end them all."""
    return _signed("session", settings)


def safe_path(path: str) -> str:
    """Return a path of this service to go on to, empty for anything else.

    >>> safe_path("/projects/12?field=a"), safe_path("//evil.example"), safe_path("https://evil.example/")
    ('/projects/12?field=a', '', '')
    """
    plain = path.isprintable() and "\\" not in path and path.startswith("/") and not path.startswith("//")
    return path if plain else ""


def _named(settings: Settings) -> frozenset[str]:
    return frozenset(name.strip().casefold() for name in settings.leads.split(",") if name.strip())


def _signed(what: str, settings: Settings) -> str:
    key = f"{settings.backend_password.get_secret_value()}\n{settings.webhook_secret.get_secret_value()}"
    return hmac.new(key.encode(), what.encode(), hashlib.sha256).hexdigest()
