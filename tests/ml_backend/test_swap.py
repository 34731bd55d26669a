"""A new version takes over without a failed or a mixed answer."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from labelloop.learners.base import Probabilities
from labelloop.testing import BagOfWords
from ml_backend.announcements import Announcements
from tests.ml_backend.conftest import Start
from tests.ml_backend.stage import CONFIG, Stage, asked, choice, credentials, said, task, wait_until
from workers.jobs.job_queue import Bell

BODY = asked(task(1, "lovely"), task(2, "awful"), task(5), task(3, "a great day"), task(4, "a sad day"))


def version_now(client: FlaskClient, project: int = 12) -> str:
    """Return the version that /setup names."""
    name: str = said(client.post("/setup", json={"project": f"{project}.1"}))["model_version"]
    return name


def is_version(client: FlaskClient, version: str) -> bool:
    """Return whether /setup names this version."""
    return version_now(client) == version


def shows(client: FlaskClient, line: str) -> bool:
    """Return whether /metrics has this line."""
    return line in client.get("/metrics").text


def ask_until(app: Flask, stop: Event, answers: list[dict[str, Any]]) -> None:
    """Ask for predictions again and again, and put the answers down."""
    client = app.test_client()
    while not stop.is_set():
        answer = client.post("/predict", json=BODY, headers={"Authorization": credentials()})
        assert answer.status_code == 200
        answers.append(said(answer))


def test_deployments_under_load_fail_no_request_and_mix_none(start: Start, stage: Stage) -> None:
    """Odd versions learned the labels rightly, even ones the wrong way round: an answer shows which one spoke."""
    versions = [stage.fit(inverted=number % 2 == 0) for number in range(1, 9)]
    stage.deploy(versions[0])
    client, stop, answers = start(), Event(), list[dict[str, Any]]()
    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask_until, client.application, stop, answers) for _ in range(4)]
        try:
            for version in versions:
                if version != "v1":
                    stage.deploy(version)
                wait_until(partial(is_version, client, version))
            wait_until(lambda: any(answer["model_version"] == "v8" for answer in answers))
        finally:
            stop.set()
        for one in asking:
            one.result()
    for answer in answers:
        right = ["Good", "Bad", "Good", "Bad"]
        wrong = ["Bad", "Good", "Bad", "Good"]
        entries = [entry for entry in answer["results"] if entry]
        assert {entry["model_version"] for entry in entries} == {answer["model_version"]}
        odd = int(answer["model_version"][1:]) % 2 == 1
        assert [choice(entry)[0] for entry in entries] == (right if odd else wrong)
        assert answer["results"][2] == []


def test_an_announcement_is_heard_at_once(start: Start, stage: Stage, clean_redis_url: str) -> None:
    """Re-reading the ledger, every hour here, is only the safety net."""
    stage.deploy(stage.fit())
    client = start(redis_url=clean_redis_url, refresh_s=3600)
    stage.deploy(stage.fit())
    with Redis.from_url(clean_redis_url) as redis:
        Bell(redis).announce(12)
        wait_until(lambda: version_now(client) == "v2")


def test_what_was_deployed_before_one_could_hear_of_it_is_looked_at(clean_redis_url: str) -> None:
    """Redis confirms that it is listened to, which counts as the first announcement; then each one does."""
    with Redis.from_url(clean_redis_url) as redis:
        announcements, never = Announcements(redis), Event()
        announcements.wait(3600, never)  # a test that takes an hour fails
        Bell(redis).announce(12)
        announcements.wait(3600, never)
        announcements.close()


def test_a_rollback_is_a_deployment_like_any_other(start: Start, stage: Stage) -> None:
    """The older version answers again, under its newest publication's name."""
    stage.deploy(stage.fit())
    stage.publish("v1.2", "v1")
    stage.deploy(stage.fit(inverted=True))
    client = start()
    assert version_now(client) == "v2"
    stage.deploy("v1")
    wait_until(lambda: version_now(client) == "v1.2")
    assert choice(said(client.post("/predict", json=BODY))["results"][0]) == ["Good"]


def test_a_version_that_cannot_be_loaded_leaves_the_old_one_answering(start: Start, stage: Stage) -> None:
    """Damaged files, a learner that is not installed here, another encoder: logged, shown as a metric, and survived."""
    stage.deploy(stage.fit())
    client = start()
    for broken in ("damaged", "learner", "encoder"):
        version = stage.fit(
            learner="unheard-of" if broken == "learner" else "linear",
            encode=BagOfWords(32) if broken == "encoder" else None,
        )
        if broken == "damaged":
            stage.damage(version)
        stage.deploy(version)
        line = f'labelloop_version_not_loaded{{project="12",version="{version}"}} 1.0'
        wait_until(partial(shows, client, line))
        assert version_now(client) == "v1"
        assert choice(said(client.post("/predict", json=BODY))["results"][0]) == ["Good"]
    stage.deploy(stage.fit(inverted=True))
    wait_until(lambda: version_now(client) == "v5")
    assert "version_not_loaded{" not in client.get("/metrics").text


def test_a_service_that_starts_with_an_unloadable_version_shows_nothing(start: Start, stage: Stage) -> None:
    """No older version is dug out: it may have been rolled back for a reason."""
    stage.deploy(version := stage.fit())
    stage.damage(version)
    client = start()
    assert said(client.post("/predict", json=BODY)) == {"model_version": "v1 (not loaded)", "results": [[]] * 5}


def test_a_model_that_answers_nonsense_is_never_swapped_in(
    start: Start, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version is asked once before it may answer people."""

    def nonsense(self: object, texts: list[str]) -> Probabilities:
        return np.full((len(texts), 2), np.nan)

    stage.deploy(stage.fit())
    monkeypatch.setattr("labelloop.learners.linear.learner.LinearModel.predict_proba", nonsense)
    assert said(start().post("/predict", json=BODY))["results"] == [[]] * 5


def test_projects_stand_side_by_side(start: Start, stage: Stage) -> None:
    """Each has its own model, names and audit tasks; a deployment of one does not touch the other."""
    stage.deploy(stage.fit())
    other = Stage(stage.book, 13, CONFIG)
    other.connect()
    other.draw(train=[5], monitor=[1])
    other.deploy(other.fit(inverted=True))
    other.publish("v1.4", "v1")
    client = start()
    first = said(client.post("/predict", json=asked(task(1, "lovely"), task(5, "lovely"))))
    second = said(client.post("/predict", json=asked(task(1, "lovely"), task(5, "lovely"), project="13.1")))
    assert (first["model_version"], second["model_version"]) == ("v1", "v1.4")
    assert (choice(first["results"][0]), first["results"][1]) == (["Good"], [])
    assert (second["results"][0], choice(second["results"][1])) == ([], ["Bad"])
    other.deploy(other.fit())
    wait_until(lambda: version_now(client, 13) == "v2")
    assert version_now(client) == "v1"
