"""The audit trail and its page: what people change is entered with their name, and nothing else is."""

import re

import pytest
from flask.testing import FlaskClient

from labelloop.acting import Actor, acting
from labelloop.domain.action_record import ACTIONS, Action
from labelloop.steps.trail import enter
from labelloop.stores.ledger import Ledger, open_engine
from labelloop.stores.rebuild import check, rebuild
from ml_backend.pages.page_texts import LANGUAGES, texts
from tests.pages.world import World

LEAD = Actor("ann@example.com", "page", "192.0.2.7")


@pytest.fixture
def served(world: World) -> World:
    """Return a project with two versions."""
    world.connect()
    for number, agreement in enumerate((0.62, 0.71), 1):
        world.round(12, number, (agreement,))
    return world


def post(client: FlaskClient, path: str, **form: str) -> int:
    found = re.search(r'name="token" value="(\w+)"', client.get(path).text)
    assert found
    return client.post(path, data={"token": found[1], **form}).status_code


def trail(world: World) -> list[tuple[str, str, str, str, str]]:
    found = world.book.ledger.all(Action, 12)
    return [(one.action, one.detail, one.who, one.origin, one.address) for one in found]


def test_what_a_page_changes_is_entered_with_the_visitors_name(client: FlaskClient, served: World) -> None:
    """Only what was done: not the question before it, nor what serves already or cannot be done."""
    versions, me = "/projects/12/versions", ("labelloop", "page", "127.0.0.1")
    assert post(client, versions, action="deploy", version="v1") == 200
    assert post(client, versions, action="deploy", version="v2", sure="yes") == 303
    assert post(client, versions, action="deploy", version="v9", sure="yes") == 400
    assert trail(served) == []
    assert post(client, versions, action="deploy", version="v1", sure="yes", pin="yes") == 303
    assert post(client, "/guideline/12", action="edit", text="# Guideline\n\nBe kind.") == 303
    assert trail(served) == [("deploy", "v1 --pin", *me), ("edit guideline", "1", *me)]
    page = client.get("/projects/12/log").text
    assert page.index("edited the guideline") < page.index("let a version serve")
    assert "v1 --pin" in page


def test_after_the_request_nobody_acts(client: FlaskClient, served: World) -> None:
    """What the loop does by itself is no action, in the same thread either."""
    post(client, "/projects/12/versions", action="deploy", version="v1", sure="yes")
    enter(served.book, 12, "deploy", "v2")
    assert len(trail(served)) == 1


def test_fifty_actions_to_a_page_newest_first(client: FlaskClient, world: World) -> None:
    """With ways to the older ones and back; a page that is not there is empty, whatever its number."""
    world.connect()
    with acting(LEAD):
        for number in range(1, 121):
            enter(world.book, 12, "accept guideline", f"nr {number}.")
    found = [client.get(f"/projects/12/log?page={page}").text for page in (1, 2, 3)]
    assert [re.findall(r"nr (\d+)\.", page)[::49] for page in found] == [["120", "71"], ["70", "21"], ["20"]]
    assert ["Older" in page for page in found] == [True, True, False]
    assert ["Newer" in page for page in found] == [False, True, True]
    for odd in ("0", "-1", "x", "9" * 40):
        assert client.get(f"/projects/12/log?page={odd}").status_code == 200


def test_whatever_is_entered_is_shown_as_text(client: FlaskClient, world: World) -> None:
    """Mark-up is none, halves of characters and NUL break nothing, and what is long is cut."""
    world.connect()
    with acting(Actor("<b>eve</b>", "command", "host\ud800")):
        enter(world.book, 12, "rename", "<script>alert(1)</script>\0" + "标" * 5000)
    page = client.get("/projects/12/log?lang=zh").text
    assert "&lt;b&gt;eve&lt;/b&gt;" in page
    assert "<script>alert" not in page
    assert "重命名标签" in page
    assert len(world.book.ledger.all(Action, 12)[0].detail) <= 1000


def test_before_the_first_action_the_page_says_so(client: FlaskClient, world: World) -> None:
    """And a project that was never connected has no log; one that was disconnected keeps its own."""
    world.connect()
    assert "Nobody has changed anything yet" in client.get("/projects/12/log").text
    assert client.get("/projects/13/log").status_code == client.get("/projects/13/people").status_code
    world.disconnect(12)
    assert client.get("/projects/12/log").status_code == 200


def test_the_trail_survives_a_rebuild_of_the_ledger(served: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An entry has a manifest like every fact."""
    with acting(LEAD):
        enter(served.book, 12, "deploy", "v1")
        enter(served.book, 12, "rollback", "v2")
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('again')}/ledger.sqlite")
    try:
        assert rebuild(served.book.artifacts, Ledger(engine)).damaged == ()
        assert Ledger(engine).all(Action, 12) == served.book.ledger.all(Action, 12)
        assert check(served.book.artifacts, Ledger(engine)).broken == ()
    finally:
        engine.dispose()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_action_has_words(language: str) -> None:
    """In both languages."""
    assert all(texts(language)(f"did {action}") for action in ACTIONS)
