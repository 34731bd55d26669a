"""A real label-studio-ml 1.0.9 server, as a team may have one, competes with our own learners."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from labelloop.domain.records import Evaluation, Fit
from labelloop.domain.tasks import Role
from labelloop.errors import BrokenPromise
from labelloop.rules import Rules
from labelloop.steps.close_round import close_round
from labelloop.steps.evaluate import evaluate
from labelloop.steps.model_store import load_model
from tests.conftest import ROOT
from tests.core.made_up import WORDS, MadeUp, fit_all, turn
from tests.llm.stage import models
from tests.ml_backend.stage import wait_until
from workers.local.processes import free_port, start_process, wait_until_up

pytestmark = pytest.mark.services
PYTHON = Path(os.environ.get("LABELLOOP_LABEL_STUDIO_ML_PYTHON", ROOT / ".venv-label-studio-ml/bin/python"))
SCRIPT = Path(__file__).with_name("old_backend.py")
USER, PASSWORD = "team", "pass:wörd"


@pytest.fixture
def old_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the address of a running server; the environment holds its credentials."""
    port = free_port(0)
    arguments = (str(port), tmp_path / "models", json.dumps(WORDS), USER, PASSWORD)
    log = tmp_path / "server.log"
    process = start_process("label-studio-ml", [PYTHON, SCRIPT, *map(str, arguments)], log=log, env={})
    url = f"http://127.0.0.1:{port}"
    wait_until_up(process, lambda: answers(url), deadline_s=120)
    monkeypatch.setenv("LABELLOOP_REMOTE_USER", USER)
    monkeypatch.setenv("LABELLOOP_REMOTE_PASSWORD", PASSWORD)
    try:
        yield url
    finally:
        process.stop()


@pytest.fixture
def world(tmp_path: Path, old_server: str) -> Iterator[MadeUp]:
    """Yield a project for which `linear` and the server compete; its first round holds one label only."""
    rules = Rules(round_size=3, monitor_size=40, queue_rounds=2, learners=("linear", f"remote:{old_server}"))
    made = MadeUp(tmp_path, rules)
    made.add(range(1, 201))
    made.judge(made.untouched(3), value="good")
    made.judge_audit()
    assert close_round(*made.view.now())
    yield made
    made.book.ledger.engine.dispose()


def answers(url: str) -> bool:
    """Return whether anything answers there."""
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/health").status_code == 401
    return False


def train(url: str) -> None:
    """Let the server train, as Label Studio does when somebody annotates, and wait until its model has a new name."""

    def name() -> str:
        body = {"project": "0.0", "schema": "<View/>"}
        return str(httpx.post(f"{url}/setup", json=body, auth=(USER, PASSWORD)).json()["model_version"])

    before = name()
    event = {"action": "ANNOTATION_CREATED", "project": {"id": 1, "label_config": "<View/>"}}
    httpx.post(f"{url}/webhook", json=event, auth=(USER, PASSWORD)).raise_for_status()
    wait_until(lambda: name() != before)


def test_it_competes_on_the_same_audit_tasks(world: MadeUp) -> None:
    """Both are measured on every MONITOR task; the better one serves, here the team's, and says what people would."""
    turn(world.view, models())
    linear, remote = world.view.ledger.all(Evaluation, world.view.id)
    champion = world.view.state.deployed

    assert (linear.n, remote.n) == (40, 40) == (len(world.of(Role.MONITOR)),) * 2
    assert remote.agreement == 1.0
    assert champion is not None
    assert champion.version == remote.version
    assert champion.learner.startswith("remote:http://127.0.0.1:")


def test_no_credential_is_written_down(world: MadeUp, tmp_path: Path) -> None:
    """They come from the settings; neither an artifact nor the ledger holds them."""
    fit_all(world.view, 1, models())
    stored = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "server.log"]

    assert any(path.name == "remote.json" for path in stored)
    assert [path for path in stored if PASSWORD.encode() in path.read_bytes()] == []


def test_wrong_credentials_cost_the_backend_one_round(world: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    """The round goes on with the others, and the record says what to set."""
    monkeypatch.setenv("LABELLOOP_REMOTE_PASSWORD", "wrong")
    linear, remote = fit_all(world.view, 1, models())

    assert linear.version
    assert not remote.version
    assert "401: set LABELLOOP_REMOTE_USER and LABELLOOP_REMOTE_PASSWORD" in remote.failure


def test_a_server_that_trained_itself_is_another_model(world: MadeUp, old_server: str) -> None:
    """What was measured no longer answers; in the next round the new model competes, and may take its place."""
    turn(world.view, models())
    old = world.view.state.deployed
    assert old is not None
    train(old_server)
    with pytest.raises(BrokenPromise, match=r"answers as 1[0-9]+, but INITIAL was measured"):
        load_model(world.book, old, context=models()).predict(["lovely"])

    world.judge(world.untouched(10), person=3)
    assert close_round(*world.view.now())
    fit_all(world.view, 2, models())
    evaluate(*world.view.now(), 2, context=models())
    remote = world.view.ledger.all(Fit, world.view.id, round_number=2)[1]

    assert old.version not in {e.version for e in world.view.ledger.all(Evaluation, world.view.id, round_number=2)}
    assert remote.version in {e.version for e in world.view.ledger.all(Evaluation, world.view.id, round_number=2)}


def test_a_server_that_is_gone_costs_the_backend_one_round(world: MadeUp, old_server: str) -> None:
    """Nobody waits for it: the reason is recorded, the other learners go on."""
    gone = old_server.replace("127.0.0.1", "127.0.0.2")
    world.connect(world.view.state.rules.model_copy(update={"learners": ("linear", f"remote:{gone}")}))
    linear, remote = fit_all(world.view, 1, models())

    assert linear.version
    assert "cannot be reached" in remote.failure
