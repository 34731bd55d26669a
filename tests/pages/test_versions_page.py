"""The page of versions: what each is worth, and letting one serve or going back, after being asked."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from labelloop.domain.records import Deployment
from ml_backend.pages import versions_page
from tests.pages.world import NOON, World


@pytest.fixture
def rounds(world: World) -> World:
    """Return a project after three rounds, whose version v3 serves."""
    world.connect()
    for number, agreement in enumerate((0.62, 0.71, 0.78), 1):
        world.round(12, number, (agreement,))
    return world


def post(client: FlaskClient, **form: str) -> tuple[int, str]:
    found = re.search(r'name="token" value="(\w+)"', client.get("/projects/12/versions").text)
    assert found
    answer = client.post("/projects/12/versions", data={"token": found[1], **form})
    return answer.status_code, answer.text


def deployments(world: World) -> list[tuple[str, str, bool, bool]]:
    known = world.book.ledger.all(Deployment, 12)
    return [(one.version, one.reason, one.pinned, one.rolled_back) for one in known][3:]


def test_every_version_has_its_figures_and_the_reason_for_or_against_it(client: FlaskClient, rounds: World) -> None:
    """Newest first; the one that serves is marked, and cannot be let serve again."""
    page = client.get("/projects/12/versions").text
    assert re.findall(r'id="(v\d)"', page) == ["v3", "v2", "v1"]
    assert "67–89 %" in page
    assert "0.37" in page
    assert page.count("better by more than one standard error (+0.031 on 120 audit tasks") == 3
    assert page.count('value="deploy"') == 2
    assert 'aria-label="Let it serve: v3"' not in page


def test_of_many_versions_the_newest_and_those_that_serve_are_shown_first(
    client: FlaskClient, rounds: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project of fifty rounds has hundreds; all of them are one step away."""
    monkeypatch.setattr(versions_page, "MOST", 1)
    rounds.record(Deployment(12, "v1", "deployed by hand", created_at=NOON + timedelta(days=9)), "deployment-9")
    page = client.get("/projects/12/versions").text
    assert re.findall(r'id="(v\d)"', page) == ["v3", "v1"]
    assert "These are 2 of 3 versions" in page
    whole = client.get("/projects/12/versions?all=1").text
    assert re.findall(r'id="(v\d)"', whole) == ["v3", "v2", "v1"]
    assert "Show all" not in whole


def test_a_version_serves_after_the_lead_was_asked(client: FlaskClient, rounds: World) -> None:
    """The record names who did it; the page says what happens next, once."""
    status, asked = post(client, action="deploy", version="v1")
    assert (status, deployments(rounds)) == (200, [])
    assert "Let v1 serve from now on?" in asked
    assert post(client, action="deploy", version="v1", sure="yes")[0] == 303
    assert deployments(rounds) == [("v1", "deployed by labelloop on the page", False, False)]
    page = client.get("/projects/12/versions").text
    assert "v1 serves from now on." in page
    assert "v1 serves from now on." not in client.get("/projects/12/versions").text
    assert 'aria-label="Let it serve: v3"' in page


def test_a_version_may_be_kept(client: FlaskClient, rounds: World) -> None:
    """Pinned: then neither another one nor a step back is possible, and the page says what to do."""
    assert post(client, action="deploy", version="v1", sure="yes", pin="yes")[0] == 303
    assert deployments(rounds)[-1][2]
    assert "pinned" in client.get("/projects/12/versions").text
    for form in ({"action": "rollback"}, {"action": "deploy", "version": "v2"}):
        status, page = post(client, **form, sure="yes")
        assert status == 400
        assert "v1 of project 12 is pinned" in page


def test_the_lead_goes_back_step_by_step(client: FlaskClient, rounds: World) -> None:
    """Until there is nothing to go back to."""
    assert "Let the version before v3 serve again?" in post(client, action="rollback", version="v3")[1]
    assert [post(client, action="rollback", sure="yes")[0] for _ in range(3)] == [303, 303, 400]
    assert [(version, back) for version, _, _, back in deployments(rounds)] == [("v2", True), ("v1", True)]


@pytest.mark.parametrize(
    ("form", "status", "says"),
    [
        (
            {"action": "deploy", "version": "v9", "sure": "yes"},
            400,
            "there are: v1, v2, v3",
        ),
        ({"action": "deploy", "version": "v3", "sure": "yes"}, 303, ""),
        ({"action": "deploy", "version": "<b>", "sure": "yes"}, 400, "&lt;b&gt;"),
        ({"action": "delete"}, 400, "nothing that is known"),
        ({"action": "rollback", "field": "nothing", "sure": "yes"}, 400, "loops no field"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    client: FlaskClient, rounds: World, form: dict[str, str], status: int, says: str
) -> None:
    """A version that is not there, that serves already, a form of somebody else's making."""
    found, page = post(client, **form)
    assert found == status
    assert says in page
    assert deployments(rounds) == []
