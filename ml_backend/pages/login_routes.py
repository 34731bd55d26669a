"""/login and /logout: a lead comes in with their own Label Studio account, which is asked about and kept nowhere."""

from functools import cache

import structlog
from flask import Blueprint, Response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from labelloop.errors import LabelLoopError, UserError
from ml_backend.auth import PAGES
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.failed_logins import WITHIN_S, FailedLogins
from ml_backend.pages.visitor import log_in, may_act, safe_path
from sync.api.wire import WireAccount

LONGEST = 4096
log = structlog.get_logger()


def add_login(pages: Blueprint, desk: Desk) -> None:
    """Add the routes."""
    failures = FailedLogins()

    @pages.get("/login")
    def login_form() -> ResponseReturnValue:
        return login_page(desk)

    @pages.post("/login")
    def login() -> ResponseReturnValue:
        """Ask Label Studio whose account it is, and let it in if the settings do."""
        name, address = request.form.get("name", "").strip(), request.remote_addr or ""
        if failures.must_wait(name, address):
            answer = login_page(desk, 429, error="too_many")
            answer.headers["Retry-After"] = str(round(WITHIN_S))
            return answer
        try:
            found = _account(desk, name)
        except LabelLoopError as error:
            log.warning("login_impossible", error=str(error))
            return login_page(desk, 503, error="no_label_studio")
        if found is None:
            failures.failed(name, address)
            return login_page(desk, 401, error="wrong")
        if not may_act(found, _token_account(desk), desk.settings):
            failures.failed(name, address)
            log.warning("login_refused", account=found.id)
            return login_page(desk, 403, error="not_a_lead")
        failures.succeeded(name)
        log_in(found.email)
        log.info("login", account=found.id)
        there = safe_path(request.form.get("next", ""))
        return redirect(f"{request.script_root}{there}" if there else url_for(f"{PAGES}.projects"), 303)

    @pages.post("/logout")
    def logout() -> ResponseReturnValue:
        session.clear()
        return redirect(url_for(f"{PAGES}.login_form"), 303)


def login_page(desk: Desk, status: int = 200, *, error: str = "") -> Response:
    """Return the form, which leads on to the page that was asked for."""
    is_form = request.method == "POST" or request.endpoint == f"{PAGES}.login_form"
    asked = "" if is_form else request.full_path.rstrip("?")
    there = safe_path(request.form.get("next", "") or request.args.get("next", "") or asked)
    said = spoken()(error) if error else ""
    return desk.page("login.html", status, error=said, there=there, name=request.form.get("name", ""))


def _account(desk: Desk, name: str) -> WireAccount | None:
    """Return whose log-in the form is, None where Label Studio refuses it; raises where it cannot be asked."""
    from sync.api.account_check import account_of_password, account_of_token  # with the SDK, which takes a second

    url, authorities = desk.settings.label_studio_url, desk.settings.ca_bundle
    password, token = request.form.get("password", ""), request.form.get("label_studio_token", "").strip()
    if max(len(name), len(password), len(token)) > LONGEST:
        return None
    if token:
        try:
            return account_of_token(url, token, ca_bundle=authorities) if _fits_a_header(token) else None
        except UserError:  # which a NeighbourError is not
            return None
    return account_of_password(url, name, password, ca_bundle=authorities) if name and password else None


def _fits_a_header(token: str) -> bool:
    return all("!" <= character <= "~" for character in token)


def _token_account(desk: Desk) -> str:
    """Return the e-mail address of the account that LabelLoop acts as; empty where that cannot be told now."""
    settings = desk.settings
    try:
        return _owner_of(settings.label_studio_url, settings.label_studio_token.get_secret_value(), settings.ca_bundle)
    except LabelLoopError:
        return ""


@cache
def _owner_of(url: str, token: str, ca_bundle: str) -> str:
    from sync.api.account_check import account_of_token

    return account_of_token(url, token, ca_bundle=ca_bundle).email
