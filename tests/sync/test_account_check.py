"""Whose account a password or a token is, asked of a real Label Studio."""

import httpx
import pytest

from labelloop.errors import NeighbourError, UserError
from sync.api.account_check import account_of_password, account_of_token
from workers.demo.accounts import Annotator
from workers.local.label_studio import RunningLabelStudio


def test_a_password_and_a_token_lead_to_the_same_account(
    label_studio: RunningLabelStudio, people: list[Annotator]
) -> None:
    """With the owner of its organization, who is the first user."""
    found = account_of_password(label_studio.url, label_studio.email, label_studio.password)
    assert found is not None
    assert (found.email, found.owner) == (label_studio.email, label_studio.email)
    assert account_of_token(label_studio.url, label_studio.token).id == found.id
    person = people[0]
    other = account_of_password(f"{label_studio.url}/", person.email, person.password)
    assert other is not None
    assert (other.email, other.owner) == (person.email, label_studio.email)


@pytest.mark.parametrize("password", ["wrong", "", "ПАРОЛЬ 密码 \x00", "x" * 4096])
def test_a_wrong_password_is_none_at_all(label_studio: RunningLabelStudio, password: str) -> None:
    """Of an account that exists, and of one that does not."""
    for email in (label_studio.email, "nobody@example.com", "no address", "'; --"):
        assert account_of_password(label_studio.url, email, password) is None


def test_a_wrong_token_is_refused(label_studio: RunningLabelStudio) -> None:
    """In the words of every other call."""
    with pytest.raises(UserError, match="personal access token"):
        account_of_token(label_studio.url, "0" * 40)


def test_what_is_not_label_studio_is_told_from_a_wrong_password() -> None:
    """Nobody is told that their password is wrong because an address is."""
    with pytest.raises(NeighbourError, match="does not answer"):
        account_of_password("http://127.0.0.1:1", "a@example.com", "x")
    other = httpx.MockTransport(lambda request: httpx.Response(200, text="<html>Welcome</html>", request=request))
    with pytest.raises(UserError, match="LABELLOOP_LABEL_STUDIO_URL"):
        account_of_password("http://studio.example", "a@example.com", "x", transport=other)


def test_the_session_of_the_check_is_closed() -> None:
    """Label Studio keeps none that nobody uses, and our answer holds nothing of it."""
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path}")
        match asked[-1]:
            case "GET /user/login/":
                return httpx.Response(200, text='<input name="csrfmiddlewaretoken" value="abc">', request=request)
            case "POST /user/login/":
                return httpx.Response(302, headers={"Location": "/"}, request=request)
            case "GET /api/current-user/whoami":
                return httpx.Response(200, json={"id": 7, "email": "a@example.com"}, request=request)
            case _:
                return httpx.Response(302, headers={"Location": "/user/login/"}, request=request)

    found = account_of_password("http://studio.example", "a@example.com", "x", transport=httpx.MockTransport(answer))
    assert found is not None
    assert (found.email, found.owner) == ("a@example.com", "")
    assert asked[-1] == "GET /logout"
