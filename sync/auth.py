"""Label Studio's two kinds of token as httpx authentication."""

import base64
import binascii
import json
import threading
import time
from collections.abc import Generator

import httpx

from labelloop.errors import UserError

_ADVICE = (
    "Make a personal access token in Label Studio (top right: Account & Settings > Personal Access Token) "
    "and set LABELLOOP_LABEL_STUDIO_TOKEN to it."
)


def auth_for(token: str, refresh_url: str) -> httpx.Auth:
    """Return the authentication that fits the token: a personal access token (a JWT) or a legacy one.

    `refresh_url` is the absolute address of /api/token/refresh/. Raises UserError without a token.
    """
    plain = token.strip()
    if not plain:
        raise UserError(f"There is no Label Studio token. {_ADVICE}")
    return PersonalToken(plain, refresh_url) if plain.count(".") == 2 else LegacyToken(plain)


def token_refused(words: str) -> UserError:
    """Return the error for a 401: what Label Studio said of the token, and what to do."""
    if "legacy" in words.lower():
        return UserError(
            f"Label Studio no longer accepts legacy tokens ({words}). {_ADVICE} Or allow legacy tokens again "
            "under Organization > API Token Settings."
        )
    return UserError(f"Label Studio refuses the token ({words}): it was revoked, has expired or is mistyped. {_ADVICE}")


class LegacyToken(httpx.Auth):
    """`Authorization: Token …` on every request."""

    def __init__(self, token: str) -> None:
        self._header = f"Token {token}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token."""
        request.headers["Authorization"] = self._header
        yield request


class PersonalToken(httpx.Auth):
    """Exchanges a personal access token for access tokens (they live 300 s) and renews them; safe among threads."""

    requires_response_body = True

    def __init__(self, token: str, refresh_url: str) -> None:
        self._token = token
        self._refresh_url = refresh_url
        self._lock = threading.Lock()
        self._access = ""
        self._stale_at = 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add an access token; where it is refused, renew it once and try again."""
        used = yield from self._current(refused="")
        request.headers["Authorization"] = f"Bearer {used}"
        response = yield request
        if response.status_code == 401:
            renewed = yield from self._current(refused=used)
            request.headers["Authorization"] = f"Bearer {renewed}"
            yield request

    def _current(self, refused: str) -> Generator[httpx.Request, httpx.Response, str]:
        with self._lock:
            if self._access in ("", refused) or time.monotonic() >= self._stale_at:
                response = yield httpx.Request("POST", self._refresh_url, json={"refresh": self._token})
                self._keep(response)
            return self._access

    def _keep(self, response: httpx.Response) -> None:
        if response.status_code in (400, 401):
            raise token_refused(str(_json(response.content).get("detail", "token is invalid")))
        response.raise_for_status()
        self._access = str(_json(response.content).get("access", ""))
        self._stale_at = time.monotonic() + 0.8 * _lifetime_s(self._access)


def _lifetime_s(token: str) -> float:
    """Return how long the token lives, in seconds, measured inside the token so that our clock may be wrong."""
    body = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = _json(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return float(str(claims["exp"])) - float(str(claims["iat"]))
    except (KeyError, ValueError, binascii.Error):
        return 0.0


def _json(content: bytes) -> dict[str, object]:
    try:
        parsed = json.loads(content)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
