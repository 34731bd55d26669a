"""/api/v1 certifies, relabels, releases, changes rules and disconnects as the commands do, on a real queue."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from labelloop.domain.action_record import Action
from labelloop.domain.next_step import Phase
from labelloop.domain.records import Connection, Release
from labelloop.domain.tasks import Role
from labelloop.rules import Rules
from tests.local.proc import eventually
from tests.pages.looped import actions
from tests.workers.conftest import PROJECT, Site

API = f"/api/v1/projects/{PROJECT}"
WISH = {"max_error": 0.2, "n": 40}


def post(client: FlaskClient, path: str, **sent: object) -> tuple[int, Any]:
    answer = client.post(f"{API}/{path}", json=sent)
    return answer.status_code, answer.json


def post_text(client: FlaskClient, path: str, text: str) -> tuple[int, Any]:
    """Send JSON that the service itself would not write."""
    answer = client.post(f"{API}/{path}", data=text, content_type="application/json")
    return answer.status_code, answer.json


def certify(client: FlaskClient, **sent: object) -> tuple[int, Any]:
    """Ask until the plan is made."""
    answers: list[tuple[int, Any]] = []

    def is_planned() -> bool:
        answers.append(post(client, "certify", **sent))
        return answers[-1][0] != 202

    assert eventually(is_planned)
    return answers[-1]


def phase(here: Site) -> Phase:
    return here.view.state.phase


def test_a_project_is_certified_and_released(here: Site, beside: FlaskClient) -> None:
    """First the plan alone; then everything, to the release under the certificate."""
    status, planned = certify(beside, **WISH, dry_run=True)
    assert (status, planned["started"], planned["plan"]["n"], planned["plan"]["version"]) == (200, False, 40, "v1")
    assert phase(here) is Phase.ROUNDS
    assert certify(beside, **WISH)[1]["started"] is True
    assert phase(here) == Phase.CERTIFY
    status, told = certify(beside, **WISH)
    assert (status, "its model is frozen" in told["error"]) == (409, True)
    here.work()
    here.label_studio.annotate(here.of(Role.CERTIFY), person=1)
    here.ring()
    status, told = post(beside, "release")
    assert (status, told["release"]["version"], told["release"]["path"]) == (200, "v1", None)
    assert phase(here) == Phase.RELEASE
    assert post(beside, "release/abandon") == (200, {"certificate": 1})
    assert phase(here) == Phase.ROUNDS
    assert actions(here) == [("certify", "v1, n=40"), ("release", "v1"), ("abandon release", "v1")]
    assert {one.origin for one in here.view.ledger.all(Action, PROJECT)} == {"api"}


def test_what_does_not_pay_or_is_not_under_way_is_refused_with_the_reason(here: Site, beside: FlaskClient) -> None:
    """Status 409; a request that makes no sense has 400."""
    status, told = certify(beside, max_error=0.2, n=70)
    assert status == 409
    assert "does not pay" in told["error"]
    status, told = certify(beside, max_error=0.05, n=20)
    assert status == 409
    assert "it takes 59" in told["error"]
    assert phase(here) is Phase.ROUNDS
    assert certify(beside, max_error=0.2, n=70, anyway=True)[0] == 200
    assert phase(here) == Phase.CERTIFY
    assert post(beside, "certify/abandon") == (200, {"attempt": 1})
    assert post(beside, "certify/abandon")[0] == 404
    assert post(beside, "release")[0] == 409
    assert post(beside, "release/abandon")[0] == 409
    assert post(beside, "certify", max_error=2)[0] == 400
    assert post(beside, "certify", without="mood")[0] == 400
    assert certify(beside, without=["nothing"])[0] == 404


def test_peoples_labels_are_released_and_labels_looked_at_again(here: Site, beside: FlaskClient) -> None:
    """At once; and by a worker."""
    status, told = post(beside, "release", people_only=True)
    assert status == 200
    written = here.view.ledger.newest(Release, PROJECT)
    assert written is not None
    assert told["release"]["tasks"] == written.tasks == len(here.view.state.tasks.annotators)
    assert post(beside, "relabel", top=5) == (202, {"queued": True})
    assert post(beside, "relabel", top=5) == (202, {"queued": False})
    assert post(beside, "relabel", unsettled=True) == (202, {"queued": True})
    assert {f"relabel-{PROJECT}", f"ask_again-{PROJECT}"} <= set(here.queued())
    assert [action for action, _ in actions(here)] == ["release", "relabel", "relabel"]


def test_rules_are_shown_and_changed_after_their_consequences_were_told(here: Site, beside: FlaskClient) -> None:
    """What replaces a model needs a yes."""
    shown = beside.get(f"{API}/rules").json
    assert shown is not None
    assert shown["rules"].keys() == Rules.model_fields.keys()
    assert shown["rules"]["round_size"]["value"] == 10
    status, told = post(beside, "rules", set={"margin": 0.05}, unset=["queue_rounds"], dry_run=True)
    assert (status, told["changed"]) == (200, False)
    assert {one["key"] for one in told["effects"]} == {"margin", "queue_rounds"}
    assert post(beside, "rules", set={"margin": 0.05}, unset=["queue_rounds"])[1]["changed"] is True
    status, told = post(beside, "rules", set={"learners": ["linear"]})
    assert status == 409
    assert "may replace v1" in told["error"]
    assert post(beside, "rules", set={"learners": ["linear"]}, yes=True)[1]["changed"] is True
    found = here.view.ledger.newest(Connection, PROJECT)
    assert found is not None
    rules = Rules.stored(found.rules)
    assert (rules.margin, rules.queue_rounds, rules.learners) == (0.05, 5, ("linear",))


@pytest.mark.parametrize(
    "sent",
    [{"set": {"margin": "0.05"}}, {"set": {"margin": 2}}, {"set": {"mragin": 0.1}}, {"unset": ["x"]}, {"set": [1]}],
)
def test_rules_that_make_no_sense_are_refused(here: Site, beside: FlaskClient, sent: dict[str, object]) -> None:
    """With what is wrong; nothing is changed."""
    status, told = post(beside, "rules", **sent)
    assert status == 400
    assert len(told["error"]) > 10
    assert actions(here) == []


def test_a_project_leaves_the_loop(here: Site, beside: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once; then it is shown, and does nothing."""
    for what in ("unwire", "remove_link"):
        monkeypatch.setattr(f"workers.admin.connect_project.{what}", lambda *_: None)
    assert post(beside, "disconnect") == (200, {"was_connected": True})
    assert post(beside, "disconnect") == (200, {"was_connected": False})
    assert beside.get(f"{API}/rules").status_code == 200
    assert post(beside, "relabel")[0] == 404
    assert beside.post("/api/v1/projects/99/disconnect", json={}).status_code == 404


@pytest.mark.parametrize(("path", "key"), [("relabel", "top"), ("certify", "n"), ("certify", "max_error")])
def test_a_number_too_large_for_a_float_is_refused(here: Site, beside: FlaskClient, path: str, key: str) -> None:
    """As any other that is too large."""
    status, told = post_text(beside, path, json.dumps({key: 10**400}))
    assert (status, "must be between" in told["error"]) == (400, True)


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("rules", {"set": {"strategy": "\ud800"}}),
        ("rules", {"set": {"learners": ["\ud800"]}}),
        ("deploy", {"version": "\ud800"}),
        ("certify", {"without": ["\ud800"]}),
    ],
)
def test_half_a_character_is_refused(here: Site, beside: FlaskClient, path: str, sent: dict[str, object]) -> None:
    """Neither a database nor an answer can hold it."""
    status, told = post_text(beside, path, json.dumps(sent))
    assert (status, "send it whole" in told["error"]) == (400, True)
