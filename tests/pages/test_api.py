"""/api/v1: the figures of the commands as JSON, three actions, and what is answered to requests that make no sense."""

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import hypothesis
import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import given
from schemathesis import GenerationMode

from labelloop.domain.action_record import Action
from ml_backend.app import EXTENSION, create_app
from ml_backend.pages.certify_plans import CertifyPlans
from tests.ml_backend.stage import credentials
from tests.pages.conftest import Open, away
from tests.pages.served_pages import PLAN
from tests.pages.world import World
from workers.jobs.app_context import open_serving_context
from workers.jobs.open_stores import open_book

PROJECT = "/api/v1/projects/12"
LOGIN = {"Authorization": credentials()}
OF_PROJECT = "/projects/{project}"
ROUTES = (
    ("/projects", "GET"),
    (OF_PROJECT, "GET"),
    *((f"{OF_PROJECT}/{name}", "GET") for name in ("rounds", "versions", "verdicts", "rules", "log")),
    *((f"{OF_PROJECT}/{name}", "POST") for name in ("deploy", "rollback", "train", "relabel", "rules", "disconnect")),
    *((f"{OF_PROJECT}/{name}{more}", "POST") for name in ("certify", "release") for more in ("", "/abandon")),
)


@pytest.fixture
def served(world: World) -> World:
    """Return a project with two versions, one that left the loop, and one without a round."""
    world.connect()
    for number, agreement in enumerate((0.62, 0.71), 1):
        world.round(12, number, (agreement,))
    world.connect(13, title="评论")
    world.connect(14, title="Left")
    world.disconnect(14)
    return world


def found(client: FlaskClient, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.data)


def post(client: FlaskClient, path: str, sent: object) -> tuple[int, Any]:
    answer = client.post(path, json=sent)
    return answer.status_code, json.loads(answer.data)


def test_figures_are_those_of_the_commands(client: FlaskClient, served: World) -> None:
    """Of all projects, and of one: status, rounds, versions, verdicts."""
    assert found(client, "/api/v1/projects")["projects"] == [
        {"project": 12, "title": "Moods", "connected": True},
        {"project": 13, "title": "评论", "connected": True},
        {"project": 14, "title": "Left", "connected": False},
    ]
    status = found(client, PROJECT)
    assert (status["deployed"], status["agreement"]["value"], status["fields"][0]["field"]) == ("v2", 0.71, "mood")
    assert [one["number"] for one in found(client, f"{PROJECT}/rounds")["rounds"]] == [1, 2]
    versions = found(client, f"{PROJECT}/versions")["versions"]
    assert [(one["name"], one["deployed"]) for one in versions] == [("v1", False), ("v2", True)]
    assert len(found(client, f"{PROJECT}/verdicts")["verdicts"]) == 1
    assert found(client, "/api/v1/projects/13")["agreement"] is None


def test_actions_do_what_commands_do_and_are_entered_in_the_log(client: FlaskClient, served: World) -> None:
    """Deploy, go back; what serves already is said to."""
    assert post(client, f"{PROJECT}/deploy", {"version": "v1", "pin": False}) == (
        200,
        {"version": "v1", "is_new": True, "passed_over": []},
    )
    assert found(client, PROJECT)["deployed"] == "v1"
    assert post(client, f"{PROJECT}/deploy", {"version": "v1"})[1]["is_new"] is False
    assert post(client, f"{PROJECT}/rollback", {"to": "v2"})[1]["version"] == "v2"
    (rollback, deploy) = found(client, f"{PROJECT}/log?last=5")["log"]
    assert (deploy["action"], deploy["detail"], deploy["origin"], deploy["who"]) == ("deploy", "v1", "api", "labelloop")
    assert rollback["action"] == "rollback"
    assert "API" in client.get("/projects/12/log").text


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("deploy", {}, 400),
        ("deploy", {"version": "v9"}, 404),
        ("deploy", {"version": 1}, 400),
        ("deploy", {"version": "v1", "pin": "yes"}, 400),
        ("deploy", {"version": "v1", "colour": "blue"}, 400),
        ("deploy", ["v1"], 400),
        ("rollback", {"field": "nothing"}, 404),
        ("train", {"now": True}, 400),
        ("train", {}, 503),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    client: FlaskClient, served: World, path: str, sent: object, status: int
) -> None:
    """With what to do; nothing is changed, and nothing entered in the log; Redis is away here."""
    answered, told = post(client, f"{PROJECT}/{path}", sent)
    assert answered == status
    assert told.keys() == {"error"}
    assert len(told["error"]) > 10
    assert found(client, PROJECT)["deployed"] == "v2"
    assert served.book.ledger.all(Action, 12) == []


def test_no_form_of_another_site_can_act(client: FlaskClient, served: World) -> None:
    """A browser that knows the password would send it along: only JSON is taken, which no form can send."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert client.post(f"{PROJECT}/deploy", data='{"version": "v1"}', content_type=kind).status_code == 415
    assert found(client, PROJECT)["deployed"] == "v2"


def test_strangers_are_refused(open_pages: Open, served: World) -> None:
    """Every route, and the description too."""
    stranger = open_pages(stranger=True)
    for path in ("/api/v1/projects", PROJECT, "/api/v1/openapi.json"):
        assert stranger.get(path).status_code == 401
    assert stranger.post(f"{PROJECT}/deploy", json={"version": "v1"}).status_code == 401


def test_unknown_projects_are_not_found(client: FlaskClient, served: World) -> None:
    """Whatever number is asked for; one that left the loop is shown, and does nothing."""
    for number in (99, 0, 2_147_483_647, 10**30):
        answer = client.get(f"/api/v1/projects/{number}")
        assert (answer.status_code, answer.is_json) == (404, True)
    assert found(client, "/api/v1/projects/14")["connected"] is False
    assert post(client, "/api/v1/projects/14/deploy", {"version": "v1"})[0] == 404


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Any]:
    """Yield what the description of a service says, a project being in its ledger."""
    settings = away(tmp_path_factory.mktemp("api")).model_copy(update={"redis_url": redis_url})
    book = open_book(settings)
    world = World(book)
    world.connect()
    world.round(12, 1)
    app = create_app(open_serving_context(settings))
    with patch.object(CertifyPlans, "of", lambda *_: PLAN):  # no model is there to plan with
        yield schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, headers=LOGIN)
    app.extensions[EXTENSION].close()
    book.ledger.engine.dispose()


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_every_answer_is_as_described(described: Any, path: str, method: str, mode: GenerationMode) -> None:
    """Requests made up from the description, valid ones and others: no error of ours, and no answer off it."""
    known = {"path_parameters": {"project": 12}} if mode is GenerationMode.POSITIVE and OF_PROJECT in path else {}

    @given(described[path][method].as_strategy(generation_mode=mode, **known))
    @hypothesis.settings(max_examples=40)
    def answers(case: Any) -> None:
        case.call_and_validate(headers=LOGIN)

    answers()


def test_no_route_is_left_out(described: Any) -> None:
    """Of those described."""
    assert {(one.ok().path, one.ok().method.upper()) for one in described.get_all_operations()} == set(ROUTES)
