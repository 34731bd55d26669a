"""Whose account a password or a token is: asked of Label Studio once, and kept nowhere."""

import re

import httpx

from labelloop.errors import UserError
from labelloop.outgoing_requests import http_options, untrusted
from sync.api.api_errors import not_label_studio, unreachable
from sync.api.client import LabelStudio
from sync.api.wire import WireAccount, read

CSRF_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
TIMEOUT_S = 15.0
_WHOAMI = "/api/current-user/whoami"


def account_of_token(
    url: str, token: str, *, ca_bundle: str = "", transport: httpx.BaseTransport | None = None
) -> WireAccount:
    """Return the account that a token belongs to; raises UserError where it is refused, NeighbourError."""
    with LabelStudio(url, token, timeout_s=TIMEOUT_S, attempts=1, ca_bundle=ca_bundle, transport=transport) as client:
        return client.account()


def account_of_password(
    url: str, email: str, password: str, *, ca_bundle: str = "", transport: httpx.BaseTransport | None = None
) -> WireAccount | None:
    """Return the account whose password this is, None where it is wrong; raises NeighbourError, UserError.

    The log-in page is filled in as a browser does it, and the session that it opens is closed at once.
    """
    address = url.rstrip("/")
    how = http_options(address, ca_bundle)
    if transport is not None:
        how["proxy"] = None
    try:
        with httpx.Client(
            base_url=address, timeout=TIMEOUT_S, transport=transport, headers={"Referer": address}, **how
        ) as browser:
            return _logged_in(browser, email, password)
    except httpx.HTTPError as error:
        raise untrusted(f"Label Studio at {address}", error) or unreachable(address, error) from error


def _logged_in(browser: httpx.Client, email: str, password: str) -> WireAccount | None:
    page = browser.get("/user/login/")
    hidden = CSRF_FIELD.search(page.text)
    if page.status_code != 200 or hidden is None:
        raise not_label_studio(page)
    form = {"csrfmiddlewaretoken": hidden.group(1), "email": email, "password": password}
    if not browser.post("/user/login/", data=form).is_redirect:  # else it shows the form again
        return None
    answer = browser.get(_WHOAMI)
    if answer.status_code != 200:
        raise UserError("Label Studio let the account in, but does not tell whose it is: see its log.")
    found = read(WireAccount, answer.json())
    browser.get("/logout")
    return found
