"""The remote learner against a backend that is slow, broken, changed, or no backend at all."""

import json
from pathlib import Path
from typing import Any

import pytest
import structlog

from labelloop.deadline import answer_within, seconds_left
from labelloop.domain.values import Choice
from labelloop.errors import BrokenPromise, NeighbourError, NothingToLearn, UserError
from labelloop.learners.base import Example
from labelloop.plugins import learner
from labelloop.testing import BagOfWords
from tests.llm.stage import models
from tests.remote.conftest import Fit, region, truth
from tests.remote.stub import Stub, Task

ENCODE = BagOfWords()


def right(task: Task) -> object:
    """Answer as 2.x does: a prediction with score and version."""
    return {"result": [region(truth(task["data"]["text"]))], "score": 0.9, "model_version": "stub-v0.0.1"}


def labels(answers: list[Any]) -> list[str]:
    return [str(answer.value) for answer in answers]


def test_passing_trouble_is_waited_out(fit: Fit) -> None:
    """Too many requests, and a server that is being restarted, are asked again."""
    with Stub(right) as stub:
        stub.faults = [429, 503, 500]

        assert labels(fit(stub.url).predict(["awful"])) == ["bad"]


@pytest.mark.parametrize(
    ("status", "words"), [(500, "see the backend's log"), (404, "is this the address"), (302, "a redirect")]
)
def test_lasting_trouble_is_said(fit: Fit, status: int, words: str) -> None:
    """A fit is recorded as failed with the reason; a model that serves says try again."""
    with Stub(right) as stub:
        model = fit(stub.url)
        stub.faults = [status] * 4
        with pytest.raises(NeighbourError, match=words):
            model.predict(["awful"])
        stub.faults = [status] * 4
        with pytest.raises(UserError, match=words):
            fit(stub.url)


def test_a_wrong_password_is_said_and_a_right_one_sent(
    fit: Fit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Credentials come from the settings; the message names them, never their values."""
    with Stub(right) as stub:
        stub.login = "team:secret"
        with pytest.raises(UserError, match="401: set LABELLOOP_REMOTE_USER"):
            fit(stub.url)
        monkeypatch.setenv("LABELLOOP_REMOTE_USER", "team")
        monkeypatch.setenv("LABELLOOP_REMOTE_PASSWORD", "secret")
        (tmp_path / "model").mkdir()
        stub.login = ""
        fit(stub.url).save(tmp_path / "model")
        stub.login = "team:secret"
        model = learner(f"remote:{stub.url}").load(tmp_path / "model", models(ENCODE))

        assert labels(model.predict(["awful"])) == ["bad"]


def test_a_backend_that_hangs_is_left_in_time(fit: Fit) -> None:
    """Nobody waits longer than they said; without anybody waiting, the setting is the limit."""
    with Stub(right) as stub:
        model = fit(stub.url)
        stub.open.clear()
        with answer_within(0.4), pytest.raises(NeighbourError, match="did not answer within 0 s"):
            model.predict(["awful"])
        with answer_within(-1), pytest.raises(NeighbourError, match="no time left"):
            model.predict(["awful"])
        with pytest.raises(NeighbourError, match="LABELLOOP_REMOTE_TIMEOUT_S"):
            model.predict(["awful"])
        with answer_within(60), answer_within(0.1), answer_within(60):
            assert seconds_left() <= 0.1


def test_nobody_who_waits_waits_for_a_second_try(fit: Fit) -> None:
    """With a person waiting, one refusal is enough."""
    with Stub(right) as stub:
        model = fit(stub.url)
        stub.faults = [503, 503]
        with answer_within(5), pytest.raises(NeighbourError, match="503"):
            model.predict(["awful"])

        assert stub.faults == [503]


@pytest.mark.parametrize("where", ["setup", "prediction"])
def test_a_changed_model_does_not_answer_for_the_one_that_was_measured(fit: Fit, where: str) -> None:
    """Its name is its only mark: in /setup, and in predictions that carry one."""
    with Stub(right) as stub:
        model = fit(stub.url)
        if where == "setup":
            stub.version = "stub-v0.0.2"
        else:
            stub.entry = lambda task: {**dict(right(task)), "model_version": "stub-v0.0.2"}  # type: ignore[call-overload]
        with structlog.testing.capture_logs() as lines, pytest.raises(BrokenPromise, match=r"stub-v0\.0\.2, but"):
            model.predict(["awful"])

    assert [line["event"] for line in lines] == ["remote_model_changed"]


def test_a_model_that_changes_while_it_is_measured_competes_in_the_next_round(fit: Fit) -> None:
    """Half an interview with one and half with another measures neither."""

    def train(task: Task) -> object:
        stub.version = "stub-v0.0.2"
        return right(task)

    with Stub(train) as stub, pytest.raises(UserError, match="while it was measured"):
        fit(stub.url)


def test_a_backend_without_a_version_answers_unwatched(fit: Fit) -> None:
    """Where the model has no name, a change cannot be seen."""
    with Stub(lambda task: {"result": [region(truth(task["data"]["text"]))]}, version=None) as stub:
        model = fit(stub.url)

        assert model.names == frozenset()
        assert labels(model.predict(["awful"])) == ["bad"]


def test_a_backend_that_says_nothing_of_use_is_no_candidate(fit: Fit) -> None:
    """It is told which control and which labels its predictions must have."""
    with Stub(lambda _: {"result": [{**region("good"), "from_name": "sentiment"}]}) as stub:
        with pytest.raises(UserError, match="must be of the control mood"):
            fit(stub.url)
        with pytest.raises(NothingToLearn):
            fit(stub.url, [Example(1, "x", Choice("removed"))])


@pytest.mark.parametrize("answer", [b"<html>hello</html>", b"[]"])
def test_something_else_than_a_backend_is_recognised(fit: Fit, answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A web page, or any other service, is answered with a hint at the address."""
    with Stub(right) as stub:
        monkeypatch.setattr(
            json, "dumps", lambda body, dumps=json.dumps, **more: _unless_health(answer, body, dumps(body, **more))
        )
        with pytest.raises(UserError, match="does not answer as an ML backend does"):
            fit(stub.url)


def _unless_health(answer: bytes, body: object, text: str) -> str:
    return answer.decode() if isinstance(body, dict) and body.get("status") == "UP" else text


def test_no_text_needs_no_backend(fit: Fit) -> None:
    """Asking nothing is allowed, even when nobody is there."""
    with Stub(right) as stub:
        model = fit(stub.url)

    assert model.predict([]) == []
