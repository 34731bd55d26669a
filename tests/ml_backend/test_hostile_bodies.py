"""What no client of ours would send is answered like any other mistake, never by an error of the service."""

from itertools import product

from tests.ml_backend.conftest import Start
from tests.ml_backend.stage import Stage

LONG = "9" * 5000
"""More digits than Python turns into a number."""
HALF = r"\ud800"
"""Half a surrogate pair: legal in JSON, in no other text."""
BODIES = (
    f'{{"project": "12.1", "label_config": "<View>{HALF}</View>", "tasks": [{{"id": 1, "data": {{"text": "x"}}}}]}}',
    f'{{"project": "12.1", "tasks": [{{"id": 1, "data": {{"text": {LONG}}}}}]}}',
    f'{{"project": "12.1", "tasks": [{{"id": {LONG}, "data": {{"text": "x"}}}}]}}',
    f'{{"project": "12.1", "tasks": [{{"id": "{HALF}", "data": {{"{HALF}": "x"}}}}]}}',
    f'{{"project": "12.1", "tasks": [null, [], {{"data": null}}, {{"id": 1, "data": {{"text": {{"a": {LONG}}}}}}}]}}',
    '{"project": "12.1", "tasks": [{"id": 1e999, "data": {"text": 1e999}}, {"id": NaN, "data": {"text": NaN}}]}',
    f'{{"project": "12.{HALF}", "tasks": []}}',
    f'{{"project": {LONG}}}',
    f'{{"project": {{"id": {LONG}}}, "action": "{HALF}"}}',
)


def test_odd_numbers_and_halves_of_characters_break_no_route(start: Start, stage: Stage) -> None:
    """Each body is sent to each route; 503 says that the queue, which this test has not, cannot be reached."""
    stage.deploy(stage.fit())
    client = start()

    answers = {
        (path, body[:80]): client.post(path, data=body, content_type="application/json").status_code
        for path, body in product(("/predict", "/setup", "/webhook", "/webhook/12"), BODIES)
    }

    assert {where: status for where, status in answers.items() if status not in (200, 400, 404, 503)} == {}
