"""The doorbell."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from redis import Redis

from tests.ml_backend.conftest import Start
from tests.ml_backend.stage import Stage, said
from workers.jobs.job_queue import Bell
from workers.jobs.open_stores import HURRY_S

START_TRAINING = {"action": "START_TRAINING", "project": {"id": 12, "title": "Moods"}}


@pytest.fixture
def bell(clean_redis_url: str) -> Iterator[Bell]:
    """Yield the workers' end of the bell."""
    with Redis.from_url(clean_redis_url) as redis:
        yield Bell(redis)


@pytest.fixture
def client(start: Start, stage: Stage, clean_redis_url: str) -> FlaskClient:
    """Return a client of the service with a real Redis behind it."""
    return start(redis_url=clean_redis_url)


def test_the_webhook_rings_for_its_project_and_closes_nothing(client: FlaskClient, bell: Bell) -> None:
    """One job stands in the queue, whatever the body says."""
    answer = client.post("/webhook/12", json={"action": "START_TRAINING", "project": {"id": 99}})
    assert answer.status_code == 200
    assert [job.func_name for job in bell.queue.jobs] == ["workers.jobs.loop.collect"]
    assert bell.queue.jobs[0].args == [12]
    assert bell.is_rung(12)
    assert not bell.close_wanted(12)


def test_whether_a_ring_would_be_heard_is_told_without_ringing(client: FlaskClient, bell: Bell, start: Start) -> None:
    """For the doctor, who only looks: our secret is asked for, Redis must answer, the project be connected."""
    answer = client.get("/webhook/12")
    assert (answer.status_code, said(answer)) == (200, {"status": "ready"})
    assert client.get("/webhook/99").status_code == 404
    assert not bell.is_rung(12)
    assert bell.queue.job_ids == []
    assert said(start().get("/webhook/12")) == {"status": "later"}


def test_start_training_asks_for_a_round_at_once(client: FlaskClient, bell: Bell) -> None:
    """Label Studio's button sends this to the ML backend's own webhook, with Basic auth."""
    assert client.post("/webhook", json=START_TRAINING).status_code == 200
    assert bell.close_wanted(12)
    assert bell.queue.job_ids == ["collect-12"]


def test_other_actions_on_the_automatic_webhook_only_ring(client: FlaskClient, bell: Bell) -> None:
    """If its owner kept the automatic webhook and gave it credentials."""
    assert client.post("/webhook", json={**START_TRAINING, "action": "ANNOTATION_CREATED"}).status_code == 200
    assert bell.is_rung(12)
    assert not bell.close_wanted(12)


def test_a_hundred_rings_at_once_do_not_pile_up(client: FlaskClient, bell: Bell) -> None:
    """At most one job to do and one to look again after it."""
    headers = {"Authorization": client.environ_base["HTTP_AUTHORIZATION"]}

    def ring(_: int) -> int:
        return client.application.test_client().post("/webhook/12", headers=headers).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ring, range(100))) == {200}
    assert 1 <= len(bell.queue.job_ids) <= 2
    assert {job.func_name for job in bell.queue.jobs} == {"workers.jobs.loop.collect"}


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"project": 12}', '{"project": {"id": "x"}}', '{"project": {}}'])
def test_a_webhook_that_names_no_project_is_refused_in_words(client: FlaskClient, bell: Bell, body: str) -> None:
    """400 and a sentence; nothing is queued."""
    answer = client.post("/webhook", data=body)
    assert (answer.status_code, bool(said(answer)["error"])) == (400, True)
    assert bell.queue.job_ids == []


def test_a_webhook_of_an_unconnected_project_queues_nothing(client: FlaskClient, bell: Bell) -> None:
    """Otherwise anybody with the secret could fill the queue."""
    assert client.post("/webhook/99").status_code == 404
    assert client.post("/webhook", json={**START_TRAINING, "project": {"id": 99}}).status_code == 404
    assert bell.queue.job_ids == []


@pytest.mark.parametrize("path", ["/webhook", "/webhook/12"])
def test_the_person_who_saves_does_not_notice_that_redis_is_away(start: Start, stage: Stage, path: str) -> None:
    """200 at once; reconcile finds what was not rung for."""
    client = start()
    answer = client.post(path, json=START_TRAINING)
    assert (answer.status_code, said(answer)) == (200, {"status": "later"})
    assert HURRY_S < 1, "Label Studio gives up after one second"
