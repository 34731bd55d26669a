"""Accounts for the demo's simulated people, made as Label Studio's own sign-up page makes them."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from labelloop.errors import NeighbourError, UserError
from labelloop.outgoing_requests import http_options
from sync.api.account_check import CSRF_FIELD
from sync.api.client import LabelStudio
from workers.local.private_file import write_private

TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Annotator:
    """A simulated person's account; `number` counts from 1."""

    number: int
    name: str
    email: str
    password: str
    token: str


def annotators(kept: Path, url: str, admin_token: str, count: int) -> list[Annotator]:
    """Return the accounts of `count` simulated people, made where the file does not yet hold them.

    The file belongs to one Label Studio and holds passwords; only its owner can read it.
    """
    known = [Annotator(**row) for row in json.loads(kept.read_text("utf-8"))] if kept.exists() else []
    for number in range(len(known) + 1, count + 1):
        known.append(create_annotator(url, admin_token, number))
        write_private(kept, json.dumps([asdict(annotator) for annotator in known]))
    return known[:count]


def create_annotator(url: str, admin_token: str, number: int) -> Annotator:
    """Sign up "Simulated annotator <number>" with the organization's invitation; POST /api/users makes no usable one.

    Raises UserError where the account exists already, NeighbourError where Label Studio does not answer.
    """
    name, email, password = f"Simulated annotator {number}", f"simulated{number}@example.com", secrets.token_urlsafe(18)
    try:
        with httpx.Client(base_url=url, timeout=TIMEOUT_S, headers={"Referer": url}, **http_options(url)) as browser:
            _sign_up(browser, _invitation(url, admin_token), email, password)
            token = str(browser.get("/api/current-user/token").raise_for_status().json()["token"])
        _show_name(url, token, name)
    except httpx.HTTPError as error:
        raise NeighbourError(f"Label Studio did not let {name} sign up: {error}") from error
    return Annotator(number, name, email, password, token)


def _invitation(url: str, admin_token: str) -> str:
    with LabelStudio(url, admin_token, timeout_s=TIMEOUT_S) as client:
        return str(client.sdk.organizations.invites.get_invite_link().invite_url)


def _sign_up(browser: httpx.Client, page: str, email: str, password: str) -> None:
    """Fill in the form; a page instead of a redirection is a refusal, which is nearly always a taken address."""
    hidden = CSRF_FIELD.search(browser.get(page).raise_for_status().text)
    form = {
        "csrfmiddlewaretoken": hidden.group(1) if hidden else "",
        "email": email,
        "password": password,
        "allow_newsletters": "false",
        "how_find_us": "Other",
    }
    answer = browser.post(page, data=form)
    if not answer.is_redirect:
        answer.raise_for_status()
        raise UserError(f"{email} has an account in this Label Studio already: delete that user, or the demo's folder.")


def _show_name(url: str, token: str, name: str) -> None:
    """Let every list of people show that this one is simulated."""
    first, last = name.rsplit(maxsplit=1)
    with LabelStudio(url, token, timeout_s=TIMEOUT_S) as client:
        client.sdk.users.update(client.whoami().id, first_name=first, last_name=last)
