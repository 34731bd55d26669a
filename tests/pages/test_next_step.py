"""The next step has its button: a round is closed early after a question, and other steps have their page."""

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from labelloop.domain.action_record import Action
from labelloop.domain.records import CertifyDraw
from ml_backend.pages.next_sentence import next_sentence
from ml_backend.pages.page_texts import LANGUAGES, texts
from tests.pages.conftest import Open
from tests.pages.showroom import publish
from tests.pages.world import NOON, World
from workers.admin.next_move import Move, NextMove
from workers.jobs.job_queue import Bell

PAGE = "/projects/12"


@pytest.fixture
def client(open_pages: Open, world: World, bell: Bell, clean_redis_url: str) -> FlaskClient:
    """Return a client of a service with a queue, and with a project that is labelled."""
    world.connect()
    world.round(12, 1)
    world.label(12, [1, 2, 3])
    publish(world, 12, "v1", 1)
    return open_pages(redis_url=clean_redis_url)


def post(client: FlaskClient, path: str, **form: str) -> tuple[int, str]:
    found = re.search(r'name="token" value="(\w+)"', client.get("/system").text)
    assert found
    answer = client.post(path, data={"token": found[1], **form})
    return answer.status_code, answer.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_round_is_closed_early_after_a_question(client: FlaskClient, world: World, bell: Bell, language: str) -> None:
    """It says how much is new; then a worker is asked for it, under the lead's name, and the page says so once."""
    t = texts(language)
    assert f'href="{PAGE}/train"' in client.get(PAGE).text
    asked = client.get(f"{PAGE}/train?lang={language}").text
    assert t("train_sure", number=2) in asked
    assert t("train_new", n=3, due=25) in asked
    assert not bell.close_wanted(12)
    assert post(client, f"{PAGE}/train")[0] == 303
    assert bell.close_wanted(12)
    assert "collect-12" in bell.queue.job_ids
    assert [(one.action, one.who, one.origin) for one in world.book.ledger.all(Action, 12)] == [
        ("train", "labelloop", "page")
    ]
    assert [t("train_done") in client.get(PAGE).text for _ in range(2)] == [True, False]


def test_while_the_model_is_frozen_no_round_is_closed(client: FlaskClient, world: World, bell: Bell) -> None:
    """The question is shown again, with what is under way."""
    world.record(CertifyDraw(12, 1, "v1", 300, 1500, 0.05, 0.025, created_at=NOON), "draw-1")
    status, page = post(client, f"{PAGE}/train")
    assert status == 400
    assert "Attempt 1 of project 12 to certify v1 is open" in page
    assert not bell.close_wanted(12)
    assert world.book.ledger.all(Action, 12) == []


def test_without_a_queue_nothing_is_entered(open_pages: Open, world: World) -> None:
    """The page says that it is away."""
    world.connect()
    status, page = post(open_pages(), f"{PAGE}/train")
    assert status == 503
    assert "does not answer" in page
    assert world.book.ledger.all(Action, 12) == []


@pytest.mark.parametrize(
    ("move", "outcome", "acts"),
    [
        (Move.LABEL, "not yet", ("train",)),
        (Move.LABEL, "yes", ("release", "train")),
        (Move.LABEL, "guideline needs work", ("guideline", "train")),
        (Move.STEP, "yes", ()),
        (Move.CERTIFY, "yes", ()),
        (Move.ALL_LABELLED, "yes", ("release",)),
        (Move.DISCONNECTED, "yes", ("connect",)),
    ],
)
def test_each_step_that_is_the_leads_has_its_button(
    client: FlaskClient, world: World, move: Move, outcome: str, acts: tuple[str, ...]
) -> None:
    """None while workers or annotators are to do something."""
    world.round(12, 2, outcome=outcome)
    figures = client.application.extensions["labelloop-desk"].figures.of(12)
    moved = replace(figures.first, next=NextMove(move, count=25, step="fit"))
    assert next_sentence(replace(figures, statuses=(moved,)), texts("en")).acts == acts


def test_before_anything_is_labelled_there_is_no_round_to_close(open_pages: Open, world: World) -> None:
    """So no button asks for it; nor where the project is not looped any more."""
    client = open_pages()
    world.connect()
    assert "/projects/12/train" not in client.get(PAGE).text
    world.label(12, [1, 2, 3])
    world.disconnect(12)
    page = client.get(PAGE).text
    assert "/projects/12/train" not in page
    assert 'href="/connect/12"' in page
    assert post(client, f"{PAGE}/train")[0] == 404
