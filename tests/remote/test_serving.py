"""A remote model as the champion: our own /predict passes its answers on, and never hangs because of it."""

import json
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from labelloop.domain.records import Fit
from labelloop.domain.values import Choice
from labelloop.learners.base import Example, FitContext
from labelloop.steps.model_store import MODEL_FOLDER
from labelloop.testing import BagOfWords
from ml_backend import predict
from sync.remote.learner import RemoteLearner
from tests.ml_backend.conftest import Start, book, settings, stage, start
from tests.ml_backend.stage import WORDS, Stage, asked, choice, said, task
from tests.remote.conftest import hasty
from tests.remote.stub import HANGS_S, Stub, Task

__all__ = ["book", "settings", "stage", "start"]  # fixtures of the service's own tests


def mood(task: Task) -> object:
    label = next((label for label, words in WORDS.items() if set(words) & set(task["data"]["text"].split())), "Good")
    value = {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
    return {"result": [value], "score": 0.9, "model_version": "stub-v0.0.1"}


@pytest.fixture
def stub() -> Iterator[Stub]:
    """Yield a backend that knows the moods of words."""
    with Stub(mood) as running:
        yield running


@pytest.fixture
def client(start: Start, stage: Stage, stub: Stub) -> FlaskClient:
    """Return a client of our service while the remote model serves."""
    examples = [Example(n, word, Choice(label)) for label, words in WORDS.items() for n, word in enumerate(words)]
    with tempfile.TemporaryDirectory() as temporary:
        (Path(temporary) / MODEL_FOLDER).mkdir()
        learner = RemoteLearner(stub.url, hasty)
        model = learner.fit(stage.field, examples, FitContext(BagOfWords(), Path(temporary), seed=1))
        model.save(Path(temporary) / MODEL_FOLDER)
        fit = Fit(stage.project_id, 1, f"remote:{stub.url}", "v1", "", 6, 0.1, created_at=datetime.now(UTC))
        assert stage.book.record(fit, "model-1", Path(temporary))
    stage.deploy("v1")
    return start()


def results(client: FlaskClient, *tasks: object) -> list[Any]:
    answer = client.post("/predict", data=json.dumps(asked(*tasks)))
    assert answer.status_code == 200, answer.text
    found: list[Any] = said(answer)["results"]
    return found


def test_its_answers_are_passed_on_under_our_name(client: FlaskClient, stub: Stub) -> None:
    """Label Studio is told our version; audit tasks never leave the house."""
    stub.asked.clear()
    good, bad, audit = results(client, task(1, "lovely"), task(2, "awful"), task(5, "lovely"))

    assert [choice(good), choice(bad), audit] == [["Good"], ["Bad"], []]
    assert good["model_version"] == "v1"
    assert [len(body["tasks"]) for body in stub.bodies("/predict")] == [2]


def test_a_hanging_backend_costs_a_pre_annotation_not_the_wait(
    client: FlaskClient, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the limit the person gets an empty task."""
    monkeypatch.setattr(predict, "ANSWER_WITHIN_S", 0.3)
    stub.open.clear()
    started = time.monotonic()

    assert results(client, task(1, "lovely"), task(2, "awful")) == [[], []]
    assert time.monotonic() - started < HANGS_S / 4


def test_another_model_at_the_same_address_does_not_answer(client: FlaskClient, stub: Stub) -> None:
    """What was never measured pre-annotates nothing."""
    stub.version = "stub-v0.0.2"

    assert results(client, task(1, "lovely")) == [[]]


def test_where_it_is_silent_nobody_is_shown_the_guess_that_stands_in(client: FlaskClient, stub: Stub) -> None:
    """The commonest label before one's eyes would lead people to it."""
    stub.entry = lambda task: [] if "lovely" in task["data"]["text"] else mood(task)
    silent, spoken = results(client, task(1, "lovely"), task(2, "awful"))

    assert silent == []
    assert choice(spoken) == ["Bad"]
