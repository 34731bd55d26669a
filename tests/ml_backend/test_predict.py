"""What /predict answers, whatever it is asked."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from labelloop.settings import Settings
from sync.codecs.region_codec import validate
from tests.ml_backend.conftest import Start
from tests.ml_backend.stage import CONFIG, SEVERAL, Stage, asked, choice, said, task, wait_until


@pytest.fixture
def client(start: Start, stage: Stage) -> FlaskClient:
    """Return a client of the service with `v1` deployed."""
    stage.deploy(stage.fit())
    return start()


def results(client: FlaskClient, *tasks: object, **changed: object) -> list[Any]:
    """Return the entries of one answer."""
    answer = client.post("/predict", data=json.dumps(asked(*tasks, **changed)))
    assert answer.status_code == 200, answer.text
    found: list[Any] = said(answer)["results"]
    assert len(found) == len(tasks)
    return found


def test_every_task_gets_one_entry_in_the_order_asked(client: FlaskClient) -> None:
    """Each names the label, the confidence and the version, and Label Studio's own validator accepts it."""
    entries = results(client, task(3, "a lovely day"), task(1, "an awful day"), task(2, "a great day"))
    assert [choice(entry) for entry in entries] == [["Good"], ["Bad"], ["Good"]]
    assert all(validate(CONFIG, entry) is None and entry["model_version"] == "v1" for entry in entries)
    assert all(0.5 <= entry["score"] <= 1 for entry in entries)


def test_people_s_answers_in_the_request_are_not_copied(client: FlaskClient) -> None:
    """Label Studio sends every annotation of a task along; none may leak into its pre-annotation."""
    (entry,) = results(client, task(1, "lovely"))
    assert choice(entry) == ["Good"]


def test_audit_tasks_and_tasks_without_a_role_stay_blind(client: FlaskClient, stage: Stage) -> None:
    """A task that has not been drawn yet may still become an audit task."""
    assert results(client, task(5), task(6), task(1))[:2] == [[], []]
    stage.draw(train=[6], monitor=[7])
    wait_until(lambda: results(client, task(6)) != [[]])
    assert results(client, task(7)) == [[]]


def test_what_the_rules_do_not_show_stays_blind(client: FlaskClient, stage: Stage) -> None:
    """Predictions with too little confidence, and all of them without pre-annotation, also where a task is opened."""
    sure, unsure = task(1, "lovely lovely"), task(2, "what a day")
    high, low = (entry["score"] for entry in results(client, sure, unsure))
    assert low < high
    stage.connect(rules=json.dumps({"show_from": (low + high) / 2}))
    wait_until(lambda: results(client, sure, unsure)[1] == [])
    assert choice(results(client, sure)[0]) == ["Good"]
    stage.connect(rules='{"pre_annotate": false}')
    wait_until(lambda: results(client, sure) == [[]])


def test_several_choices_may_all_be_predicted(start: Start, stage: Stage) -> None:
    """A multi-label field gets every label that is likelier than not."""
    other = Stage(stage.book, 13, SEVERAL)
    other.connect()
    other.draw(train=[1, 2])
    other.deploy(other.fit())
    entries = results(start(), task(1, "lovely"), task(2, "awful"), project="13.1", label_config=SEVERAL)
    assert [choice(entry) for entry in entries] == [["Good"], ["Bad"]]
    assert all(validate(SEVERAL, entry) is None for entry in entries)


@pytest.mark.parametrize(
    "odd",
    [
        *(None, 7, "task", [], {}, {"id": 1}, {"id": "1", "data": {"text": "x"}}, {"id": 1, "data": []}),
        *(task(1, text) for text in ("", "  \n\x00", None, {"lovely": 1})),
        {"id": 1, "data": {"other": "lovely"}},
    ],
)
def test_a_task_that_cannot_be_read_is_left_alone(client: FlaskClient, odd: object) -> None:
    """And the others are answered all the same."""
    first, second = results(client, odd, task(2))
    assert first == []
    assert choice(second) == ["Good"]


@pytest.mark.parametrize(
    "text",
    [
        "lovely " * 15_000,
        "lovely \x00 day",
        "lovely 👩‍👩‍👧‍👦",
        "يوم lovely جميل",
        "可爱 lovely",
        "lovely \ud800",
        "lovely\u200b\u202e",
    ],
)
def test_any_text_is_answered(client: FlaskClient, text: str) -> None:
    """Long, with NUL, emoji, right-to-left, Chinese, half a surrogate pair."""
    (entry,) = results(client, task(1, text))
    assert validate(CONFIG, entry) is None


@pytest.mark.parametrize("config", ["<View><Text", "", None, 7, "<View/>", CONFIG.replace("mood", "moods"), SEVERAL])
def test_a_configuration_that_lacks_the_model_s_field_blinds_all(client: FlaskClient, config: object) -> None:
    """Broken XML, another name and another kind alike: 200, with nothing to show."""
    assert results(client, task(1), task(2), label_config=config) == [[], []]


def test_a_label_that_is_no_longer_allowed_is_not_shown(client: FlaskClient) -> None:
    """The request's own configuration decides, not the one the model was fitted under."""
    changed = CONFIG.replace('value="Good"', 'value="Very good"')
    entries = results(client, task(1, "lovely"), task(2, "awful"), label_config=changed)
    assert entries[0] == []
    assert choice(entries[1]) == ["Bad"]


def test_the_text_is_read_where_the_request_s_configuration_says(client: FlaskClient) -> None:
    """A renamed data key is followed at once."""
    changed = CONFIG.replace("$text", "$body")
    (entry,) = results(client, task(1, "lovely", body="awful"), label_config=changed)
    assert choice(entry) == ["Bad"]


def test_interactive_requests_are_answered_like_others(client: FlaskClient) -> None:
    """A click in the labelling screen sends what was drawn so far; choices do not need it."""
    request = asked(task(1, "lovely"))
    request["params"]["context"] = {"result": [{"from_name": "mood", "type": "choices", "value": {"choices": ["Bad"]}}]}
    assert choice(said(client.post("/predict", json=request))["results"][0]) == ["Good"]


def test_without_a_model_all_tasks_stay_blind(start: Start, stage: Stage) -> None:
    """The first people label unaided."""
    assert results(start(), task(1), task(5)) == [[], []]


def test_no_tasks_get_no_entries(client: FlaskClient) -> None:
    """An empty list is a right question."""
    assert results(client) == []


@pytest.mark.parametrize("tasks", [None, {"id": 1, "data": {"text": "x"}}, "tasks", 7])
def test_tasks_that_are_no_list_are_refused_in_words(client: FlaskClient, tasks: object) -> None:
    """A dict of one task is the common slip."""
    answer = client.post("/predict", json={**asked(), "tasks": tasks})
    assert answer.status_code == 400
    assert "must be a list" in said(answer)["error"]


def test_an_unknown_project_is_told_how_to_connect(client: FlaskClient) -> None:
    """404, and the command to run."""
    answer = client.post("/predict", json=asked(task(1), project="99.1"))
    assert (answer.status_code, "labelloop connect 99" in said(answer)["error"]) == (404, True)


def test_a_body_that_is_too_large_is_refused_in_words(start: Start, stage: Stage) -> None:
    """The limit is a setting; the answer names it."""
    answer = start(max_body_mb=1).post("/predict", json=asked(*(task(1, "x" * 1000) for _ in range(1200))))
    assert answer.status_code == 413
    assert "1 MiB" in said(answer)["error"]


def test_five_thousand_tasks_are_answered_at_once(client: FlaskClient, stage: Stage, settings: Settings) -> None:
    """The action "Retrieve Predictions" sends all selected tasks in one request and waits 100 s."""
    stage.draw(train=range(100, 5100))
    wait_until(lambda: results(client, task(5099)) != [[]])
    entries = results(client, *(task(n, f"lovely number {n}" if n % 2 else f"awful {n}") for n in range(100, 5100)))
    assert all(entry["model_version"] == "v1" for entry in entries)
    assert {choice(entry)[0] for entry in entries} == {"Good", "Bad"}


def test_a_model_that_breaks_is_answered_500_without_a_trace(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason goes to the log, not to strangers."""

    def broken(*_: object) -> None:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr("labelloop.learners.linear.learner.LinearModel.predict_proba", broken)
    answer = client.post("/predict", json=asked(task(1)))
    assert answer.status_code == 500
    assert said(answer) == {"error": "Something broke here: see the ML backend's log."}


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/predict", 405)])
def test_wrong_addresses_are_answered_in_json(client: FlaskClient, path: str, status: int) -> None:
    """Every answer of the service is JSON."""
    answer = client.get(path)
    assert answer.status_code == status
    assert said(answer)["error"]


def test_a_body_of_too_many_parts_is_refused_in_words(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two characters each when they are sent, a hundred bytes in memory."""
    monkeypatch.setattr("ml_backend.responses.MOST_PARTS", 100)
    answer = client.post("/predict", data=json.dumps({**asked(), "tasks": [{}] * 101}))
    assert answer.status_code == 400
    assert "too many parts" in answer.text


def test_of_a_long_text_only_the_beginning_is_read(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest takes no part in the answer, whatever it says."""
    monkeypatch.setattr("ml_backend.task_texts.LONGEST_READ", 12)
    (entry,) = results(client, task(1, "lovely day  " + "awful " * 100))
    assert choice(entry) == ["Good"]
