"""How a lead comes in: with their own Label Studio account, and nobody else does."""

import re
import time
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from werkzeug.test import TestResponse

from labelloop.errors import NeighbourError
from ml_backend.auth import PAGES
from sync.api import account_check
from sync.api.wire import WireAccount, WireOrganization
from tests.pages.conftest import Open
from tests.pages.world import World

LEAD, OWNER, PASSWORD = "lead@example.com", "owner@example.com", "right password"
ACCOUNTS = {LEAD: 1, OWNER: 2, "annotator@example.com": 3}


@pytest.fixture(autouse=True)
def accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Label Studio know three accounts with one password; tests/sync asks the real one."""

    def of_password(url: str, email: str, password: str, *, ca_bundle: str = "") -> WireAccount | None:
        assert (url, ca_bundle) == ("http://127.0.0.1:1", "")
        if email == "down@example.com":
            raise NeighbourError("Label Studio does not answer.")
        if email not in ACCOUNTS or password != PASSWORD:
            return None
        owner = WireOrganization(title="Us", email=OWNER)
        return WireAccount(id=ACCOUNTS[email], email=email, active_organization_meta=owner)

    monkeypatch.setattr(account_check, "account_of_password", of_password)


@pytest.fixture
def stranger(open_pages: Open, world: World) -> FlaskClient:
    """Return a browser that has not logged in yet, where LEAD may."""
    world.connect()
    return open_pages(stranger=True, leads=f" {LEAD.upper()} , other@example.com")


def token_in(answer: TestResponse) -> str:
    found = re.search(r'name="token" value="(\w+)"', answer.text)
    assert found, answer.text
    return found[1]


def log_in(client: FlaskClient, name: str = LEAD, password: str = PASSWORD, there: str = "") -> TestResponse:
    token = token_in(client.get("/login"))
    return client.post("/login", data={"token": token, "name": name, "password": password, "next": there})


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("labelloop_session")
    return found.value if found else ""


def test_a_stranger_is_shown_the_log_in_and_led_on_to_the_page_after_it(stranger: FlaskClient) -> None:
    """The page's address shows the form, with status 401; the answer to the form leads back to it."""
    asked = stranger.get("/projects/12?field=mood")
    assert asked.status_code == 401
    assert "WWW-Authenticate" not in asked.headers
    assert 'name="next" value="/projects/12?field=mood"' in asked.text
    form = {"token": token_in(asked), "name": LEAD, "password": PASSWORD, "next": "/projects/12?field=mood"}
    answer = stranger.post("/login", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/projects/12?field=mood")
    page = stranger.get("/projects/12")
    assert page.status_code == 200
    assert LEAD in page.text


def test_a_script_is_asked_for_basic_auth(stranger: FlaskClient) -> None:
    """Machines go on with the service's password; they are shown no form."""
    answer = stranger.get("/projects/12", headers={"Accept": "*/*"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_every_page_is_closed_to_strangers(stranger: FlaskClient) -> None:
    """All routes of the pages but the log-in and the files of the frame."""
    rules = [rule for rule in stranger.application.url_map.iter_rules() if rule.endpoint.startswith(f"{PAGES}.")]
    open_ones = set()
    for rule in rules:
        path = rule.rule.replace("<int:project>", "12").replace("<path:filename>", "pages.css")
        for method in {"GET", "POST"} & (rule.methods or set()):
            answer = stranger.open(path, method=method)
            answer.close()
            if answer.status_code not in (401, 403):
                open_ones.add(f"{method} {path}")
    assert open_ones == {"GET /login", "GET /static/pages.css"}
    assert len(rules) > 8


def test_the_session_is_a_cookie_that_scripts_and_other_sites_do_not_get(stranger: FlaskClient) -> None:
    """Signed, HttpOnly, SameSite=Lax, for twelve hours; nothing of the password is in it."""
    answer = log_in(stranger)
    (set_cookie,) = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith("labelloop_session=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in set_cookie.split(";")}
    assert "Expires=" in set_cookie
    with stranger.session_transaction() as session:
        assert set(session) == {"_permanent", "name", "nonce"}


def test_over_https_the_cookie_is_sent_over_https_only(open_pages: Open, world: World) -> None:
    """Where the service is reached by https."""
    client = open_pages(stranger=True, leads="*", pages_url="https://labelloop.example/")
    answer = client.get("/login", base_url="https://labelloop.example")
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("name", [LEAD, "nobody@example.com", "", "x" * 5000])
def test_a_wrong_password_is_refused_without_saying_which_part_was_wrong(stranger: FlaskClient, name: str) -> None:
    """Known or not, the answer is the same."""
    answer = log_in(stranger, name, "wrong")
    assert answer.status_code == 401
    assert "the password or token is wrong" in answer.text
    assert stranger.get("/projects").status_code == 401


def test_after_five_failures_an_account_has_to_wait(stranger: FlaskClient) -> None:
    """Even with the right password, until five minutes are over; other accounts do not wait."""
    assert [log_in(stranger, LEAD, "wrong").status_code for _ in range(6)] == [401] * 5 + [429]
    waiting = log_in(stranger, LEAD.upper())
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (429, "300")
    assert log_in(stranger, "annotator@example.com", "wrong").status_code == 401


def test_while_label_studio_is_away_nobody_can_log_in_and_is_told_so(stranger: FlaskClient) -> None:
    """That is no failure of theirs."""
    for _ in range(6):
        answer = log_in(stranger, "down@example.com")
        assert answer.status_code == 503
        assert "does not answer" in answer.text


@pytest.mark.parametrize(
    ("leads", "let_in"),
    [("", {OWNER}), ("*", set(ACCOUNTS)), (LEAD, {LEAD}), (f"{OWNER},{LEAD}", {OWNER, LEAD})],
)
def test_the_settings_say_who_is_let_in(open_pages: Open, world: World, leads: str, let_in: set[str]) -> None:
    """By default the owner of the organization, and the token's account; there is no token here."""
    answers = {}
    for name in ACCOUNTS:
        client = open_pages(stranger=True, leads=leads)
        answers[name] = log_in(client, name).status_code
    assert answers == {name: 303 if name in let_in else 403 for name in ACCOUNTS}


@pytest.mark.parametrize(
    "there",
    [
        *("https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)"),
        *("/\tevil", "/\r\nSet-Cookie: a=b", " //evil.example", "", "projects/12"),
    ],
)
def test_a_log_in_leads_to_pages_of_ours_only(stranger: FlaskClient, there: str) -> None:
    """Whatever address it was given to go on to."""
    assert log_in(stranger, there=there).headers["Location"] == "/projects"


def test_nothing_of_the_session_before_the_log_in_is_kept(stranger: FlaskClient) -> None:
    """A cookie and a token that somebody prepared are worth nothing after it."""
    before_token, before_cookie = token_in(stranger.get("/login")), cookie(stranger)
    log_in(stranger)
    assert cookie(stranger) != before_cookie
    refused = stranger.post("/logout", data={"token": before_token})
    assert refused.status_code == 403
    stranger.set_cookie("labelloop_session", before_cookie)
    assert stranger.get("/projects").status_code == 401


def test_logging_out_ends_the_session(stranger: FlaskClient) -> None:
    """The browser forgets it."""
    log_in(stranger)
    answer = stranger.post("/logout", data={"token": token_in(stranger.get("/projects"))})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert stranger.get("/projects").status_code == 401


def test_a_session_ends_after_twelve_hours(stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it was used meanwhile."""
    log_in(stranger)
    now = time.time()
    for hours, status in ((11.9, 200), (12.1, 401)):
        later = now + timedelta(hours=hours).total_seconds()
        monkeypatch.setattr(time, "time", lambda later=later: later)
        assert stranger.get("/projects").status_code == status


def test_a_session_ends_with_what_it_rests_on(stranger: FlaskClient, open_pages: Open) -> None:
    """A forged or damaged cookie, another password of the service, an account that is no lead any more."""
    log_in(stranger)
    valid = cookie(stranger)
    for changed in ({"backend_password": SecretStr("another")}, {"leads": "other@example.com"}):
        other = open_pages(stranger=True, **{"leads": LEAD, **changed})
        other.set_cookie("labelloop_session", valid)
        assert other.get("/projects").status_code == 401
    for forged in (valid[:-2], f"x{valid}", "eyJuYW1lIjoibGVhZCJ9.x.y", ""):
        stranger.set_cookie("labelloop_session", forged)
        assert stranger.get("/projects").status_code == 401


def test_every_form_needs_the_token_of_its_session(stranger: FlaskClient) -> None:
    """Also the log-in's: nobody can log a lead in under another name."""
    log_in(stranger)
    rules = [rule for rule in stranger.application.url_map.iter_rules() if rule.endpoint.startswith(f"{PAGES}.")]
    posts = [re.sub("<int.*?:project>", "12", rule.rule) for rule in rules if "POST" in (rule.methods or ())]
    right = token_in(stranger.get("/projects"))
    for path in posts:
        for form, headers in (
            ({}, {}),
            ({"token": "0" * 64}, {}),
            ({"token": right}, {"Sec-Fetch-Site": "cross-site"}),
            ({"token": right}, {"Origin": "https://evil.example"}),
        ):
            answer = stranger.post(path, data=form, headers=headers)
            assert answer.status_code == 403, path
            assert "not from our own page" in answer.text
    assert len(posts) >= 4


def test_without_credentials_on_loopback_nobody_is_asked(open_pages: Open, world: World) -> None:
    """For a first try on one's own machine."""
    world.connect()
    empty = SecretStr("")
    client = open_pages(stranger=True, insecure=True, host="127.0.0.1", backend_password=empty, webhook_secret=empty)
    assert client.get("/projects/12").status_code == 200
    assert client.post("/projects/12/versions", data={}).status_code == 403
