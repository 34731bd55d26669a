"""The remote learner against a backend of the 2.x protocol."""

import time
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.values import Choice
from labelloop.errors import BrokenPromise
from labelloop.learners.base import Example, ModelContext
from labelloop.testing import BagOfWords
from sync.remote.learner import CHUNK, SAMPLE, RemoteLearner
from tests.remote.conftest import Fit, examples, hasty, region, truth
from tests.remote.stub import Stub, Task

ENCODE = BagOfWords()


def right(task: Task) -> object:
    """Answer as 2.x does: a prediction with score and version."""
    return {"result": [region(truth(task["data"]["text"]))], "score": 0.9, "model_version": "stub-v0.0.1"}


def labels(answers: list[Any]) -> list[str]:
    return [str(answer.value) for answer in answers]


def test_its_answers_are_the_models_and_the_margin_is_its_score(fit: Fit) -> None:
    """Emoji, Chinese and Arabic go and come as they are."""
    with Stub(right) as stub:
        model = fit(stub.url)
        answers = model.predict(["喜欢 you", "🎉 party", "سيئ جدا", "⁉️ what"])

    assert labels(answers) == ["good", "good", "bad", "odd"]
    assert {answer.margin for answer in answers} == {0.9}
    assert stub.bodies("/predict")[-1]["tasks"][1]["data"] == {"text": "🎉 party"}


def test_a_stored_model_answers_the_same(fit: Fit, tmp_path: Path) -> None:
    """It is one small file of JSON, the same bytes for the same examples in any order, without any credential."""
    with Stub(right) as stub:
        folders = [tmp_path / "one", tmp_path / "two"]
        for folder, told in zip(folders, (examples(), examples()[::-1]), strict=True):
            folder.mkdir()
            model = fit(stub.url, told)
            model.save(folder)
        loaded = RemoteLearner(stub.url, hasty).load(folders[1], ModelContext(ENCODE))
        texts = [example.text for example in examples(9)]

        assert loaded.predict(texts) == model.predict(texts)
    assert [path.name for path in folders[0].iterdir()] == ["remote.json"]
    assert (folders[0] / "remote.json").read_bytes() == (folders[1] / "remote.json").read_bytes()


def test_a_damaged_model_is_refused(fit: Fit, tmp_path: Path) -> None:
    """Half a file never becomes a model."""
    with Stub(right) as stub:
        fit(stub.url).save(tmp_path)
    file = tmp_path / "remote.json"
    file.write_bytes(file.read_bytes()[:-10])

    with pytest.raises(BrokenPromise, match="cannot be read"):
        RemoteLearner(stub.url, hasty).load(tmp_path, ModelContext(ENCODE))


def test_it_is_never_told_what_people_said(fit: Fit) -> None:
    """A careless backend that copies annotations into predictions would look perfect."""
    with Stub(right) as stub:
        fit(stub.url)
    (asked, *_) = stub.bodies("/predict")

    assert {key for task in asked["tasks"] for key in task["data"]} == {"text"}
    assert [task for task in asked["tasks"] if task["annotations"] or task["predictions"]] == []
    assert stub.bodies("/setup")[0]["access_token"] == ""


def test_confidence_is_what_the_score_proved_to_be_worth(fit: Fit) -> None:
    """A backend that is always sure and right two times in three has a confidence of about two thirds."""

    def boastful(task: Task) -> object:
        number = int(task["data"]["text"].split()[-1])
        label = truth(task["data"]["text"]) if number % 3 else "odd"
        return {"result": [region(label)], "score": 0.99}

    with Stub(boastful) as stub:
        (answer,) = fit(stub.url, examples(200)).predict(["lovely number 1"])

    assert answer.confidence == pytest.approx(2 / 3, abs=0.05)
    assert answer.margin == 0.99


def test_a_score_that_tells_right_from_wrong_is_kept(fit: Fit) -> None:
    """Where low scores go with wrong answers, low scores give low confidence."""

    def modest(task: Task) -> object:
        knows = int(task["data"]["text"].split()[-1]) % 2
        label = (
            truth(task["data"]["text"])
            if knows
            else {"good": "bad", "bad": "odd", "odd": "good"}[truth(task["data"]["text"])]
        )
        return {"result": [region(label)], "score": 0.8 if knows else 0.4}

    with Stub(modest) as stub:
        sure, unsure = fit(stub.url, examples(200)).predict(["lovely number 1", "lovely number 2"])

    assert sure.confidence > 0.9
    assert unsure.confidence < 0.1


@pytest.mark.parametrize(
    "entry",
    [
        [],
        {},
        None,
        "good",
        {"result": []},
        {"result": None},
        {"result": [None, 7]},
        {"result": [region("no such label")]},
        {"result": [{**region("good"), "from_name": "another"}]},
        {"result": [region("good"), region("bad")]},
    ],
    ids=str,
)
def test_a_task_without_a_usable_answer_gets_the_commonest_label_and_no_trust(fit: Fit, entry: object) -> None:
    """It is the first that people are asked about, and no certificate ever covers it alone."""
    silent: list[str] = []
    with Stub(lambda task: entry if task["data"]["text"] in silent else right(task)) as stub:
        model = fit(stub.url, [*examples(30), Example(99, "awful number 99", Choice("bad"))])
        silent.append("lovely day")
        nothing, something = model.predict(["lovely day", "lovely night"])

    assert (str(nothing.value), nothing.margin) == ("bad", 0.0)
    assert nothing.confidence == pytest.approx(11 / 32)
    assert (str(something.value), something.margin) == ("good", 0.9)


@pytest.mark.parametrize(
    ("entry", "margin"),
    [
        ([{"result": [region("good")], "score": 0.7}, {"result": [region("bad")], "score": 1}], 0.7),
        ({"result": [region("good", score=0.6)]}, 0.6),
        ({"result": [region("good", score=0.6)], "score": None}, 0.6),
        ({"result": [region("good")]}, 0.0),
        ({"result": [region("good")], "score": 17}, 1.0),
        ({"result": [region("good")], "score": -1}, 0.0),
        ({"result": [region("good")], "score": True}, 0.0),
        ({"result": [region("good")], "score": "0.8"}, 0.0),
        ({"result": [region("good")], "score": float("nan")}, 0.0),
    ],
    ids=str,
)
def test_scores_come_in_many_ways(fit: Fit, entry: object, margin: float) -> None:
    """The first of several predictions counts; its own score, else its regions', brought into [0, 1]."""
    with Stub(lambda _: entry) as stub:
        (answer,) = fit(stub.url).predict(["anything"])

    assert (str(answer.value), answer.margin) == ("good", margin)


def test_a_backend_that_answers_one_task_at_a_time_is_asked_so(fit: Fit) -> None:
    """As Label Studio does: many backends look at the first task only."""
    with Stub(right) as stub:
        stub.results = lambda tasks: [right(tasks[0])]
        answers = fit(stub.url).predict(["lovely", "awful", "purple"])

    assert labels(answers) == ["good", "bad", "odd"]


def test_an_answer_of_the_wrong_length_says_nothing(fit: Fit) -> None:
    """Nobody can tell which entry belongs to which task; Label Studio throws it away too."""
    with Stub(right) as stub:
        model = fit(stub.url)
        stub.results = lambda tasks: [right(task) for task in tasks[:-1]]

        assert {answer.margin for answer in model.predict(["lovely", "awful", "purple"])} == {0.0}


def test_many_texts_go_in_portions(fit: Fit) -> None:
    """Fifty at a time, each with its own answer, in order."""
    texts = [example.text for example in examples(2 * CHUNK + 1)]
    with Stub(right) as stub:
        answers = fit(stub.url, examples(3)).predict(texts)

    assert labels(answers) == [truth(text) for text in texts]
    assert [len(body["tasks"]) for body in stub.bodies("/predict")] == [3, CHUNK, CHUNK, 1]


def test_a_fit_asks_about_a_sample_and_tells_how_far_it_is(fit: Fit) -> None:
    """Thousands of labels do not cost thousands of calls."""
    told: list[float] = []
    with Stub(right) as stub:
        fit(stub.url, examples(SAMPLE + 100), report=told.append)

    assert sum(len(body["tasks"]) for body in stub.bodies("/predict")) == SAMPLE
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_fit_that_is_out_of_time_ends_with_what_it_has(fit: Fit) -> None:
    """One portion is enough to answer."""
    with Stub(right) as stub:
        model = fit(stub.url, examples(4 * CHUNK), deadline=time.monotonic() - 1)

        assert labels(model.predict(["awful"])) == ["bad"]
    assert len(stub.bodies("/predict")) == 2
