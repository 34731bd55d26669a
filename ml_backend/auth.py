"""Who may ask: HTTP Basic on every route but /health; on the webhook our secret header will do as well.

The lead's pages ask for a log-in of their own, see `ml_backend/pages/visitor.py`; Basic opens them too.
"""

import hmac

from flask import Flask, Response, request

from labelloop.settings import Settings
from ml_backend.responses import refusal
from sync.wiring import SECRET_HEADER

OPEN_ROUTES = frozenset({"/health"})
PAGES = "pages"
"""The blueprint of the pages."""


def protect(app: Flask, settings: Settings) -> None:
    """Answer 401 to every request without the right credentials; where a credential is not set, none is asked for."""
    user, password = settings.backend_user, settings.backend_password.get_secret_value()
    secret = settings.webhook_secret.get_secret_value()

    @app.before_request
    def refuse_strangers() -> Response | None:
        if request.path in OPEN_ROUTES or not password or PAGES in request.blueprints:
            return None
        if basic_is(user, password) or (secret and request.path.startswith("/webhook") and _header_is(secret)):
            return None
        return challenge()


def challenge() -> Response:
    """Return the answer to a request without the right credentials."""
    answer = refusal(401, "Wrong or missing credentials: check the user name, the password or the webhook secret.")
    answer.headers["WWW-Authenticate"] = 'Basic realm="LabelLoop", charset="UTF-8"'
    return answer


def basic_is(user: str, password: str) -> bool:
    """Return whether the request carries this user name and password."""
    given = request.authorization
    if given is None or given.type != "basic":
        return False
    right_user = _same(given.username or "", user)
    return _same(given.password or "", password) and right_user


def _header_is(secret: str) -> bool:
    return _same(request.headers.get(SECRET_HEADER, ""), secret)


def _same(given: str, expected: str) -> bool:
    """Compare in a time that does not depend on where the two differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass"))
