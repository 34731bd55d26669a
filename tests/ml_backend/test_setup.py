"""Which version Label Studio is told to expect."""

import pytest

from tests.ml_backend.conftest import Start
from tests.ml_backend.stage import Stage, asked, said, task, wait_until

SETUP = {"schema": "<View/>", "hostname": "http://127.0.0.1:8080", "access_token": "t", "extra_params": {}}


def test_setup_names_the_deployed_versions_newest_publication(start: Start, stage: Stage) -> None:
    """`v1`, published again in another order, is known to Label Studio as `v1.2`."""
    stage.deploy(stage.fit())
    stage.publish("v1", "v1")
    stage.publish("v1.2", "v1")
    client = start()
    assert said(client.post("/setup", json={"project": "12.1795350634", **SETUP})) == {"model_version": "v1.2"}


def test_setup_before_any_model_names_the_empty_publication(start: Start, stage: Stage) -> None:
    """Before there is a model the queue is ordered by empty predictions, called `v0`."""
    client = start()
    assert said(client.post("/setup", json={"project": "12.1"})) == {"model_version": "v0"}
    stage.publish("v0.2", "")
    wait_until(lambda: said(client.post("/setup", json={"project": "12.1"})) == {"model_version": "v0.2"})


def test_setup_of_an_unconnected_project_says_what_to_do(start: Start, stage: Stage) -> None:
    """Label Studio shows the model's version to the project's owner, so that is where the advice stands."""
    client = start()
    advice = {"model_version": "not connected: run labelloop connect 13"}
    answer = client.post("/setup", json={"project": "13.1"})
    assert (answer.status_code, said(answer)) == (200, advice)
    stage.connect(active=False)
    wait_until(lambda: "not connected" in said(client.post("/setup", json={"project": "12.1"}))["model_version"])


def test_setup_and_predict_always_name_the_same_version(start: Start, stage: Stage) -> None:
    """Otherwise Label Studio stores one more prediction each time a task is opened."""
    stage.deploy(stage.fit())
    stage.publish("v1.3", "v1")
    client = start()
    (entry,) = said(client.post("/predict", json=asked(task(1))))["results"]
    assert entry["model_version"] == said(client.post("/setup", json={"project": "12.1"}))["model_version"] == "v1.3"


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"project": "x.1"}', '{"project": null}', "[" * 100_000])
def test_a_setup_that_names_no_project_is_refused_in_words(start: Start, body: str) -> None:
    """Whatever was sent, the answer is a sentence."""
    answer = start().post("/setup", data=body)
    assert answer.status_code == 400
    assert said(answer)["error"].endswith(("JSON.", "object.", "'."))


def test_versions_are_listed_oldest_first(start: Start, stage: Stage) -> None:
    """Of the project that is asked for, or of all."""
    stage.fit()
    stage.deploy(stage.fit())
    client = start()
    assert said(client.get("/versions?project=12.1")) == {"versions": ["v1", "v2"]}
    assert said(client.get("/versions")) == {"versions": ["v1", "v2"]}
    assert client.get("/versions?project=13").status_code == 404
