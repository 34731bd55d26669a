"""The service as operators run it: gunicorn, more than one worker, no torch."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from labelloop.encoders.vectors import CachedEncoder
from labelloop.settings import Settings
from tests.ml_backend.conftest import KEPT
from tests.ml_backend.stage import PASSWORD, SECRET, Stage, asked, choice, task, wait_until
from workers.local.processes import free_port

REFRESH_S = 0.5
LIGHT = """
import json, sys
from ml_backend.app import create_app
client = create_app().test_client()
answer = client.post("/predict", json=json.load(sys.stdin), auth=("labelloop", sys.argv[1])).json
assert answer["results"][0]["model_version"] == "v1", answer
heavy = {"torch", "sklearn", "transformers", "scipy", "pandas", "onnx"} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.fixture
def environment(settings: Settings, encoder: CachedEncoder) -> dict[str, str]:
    """Return the environment of a service on the test's ledger, with the real encoder."""
    (settings.data_dir / "cache").symlink_to(KEPT / "cache")
    return {
        **os.environ,
        "LABELLOOP_DATA_DIR": str(settings.data_dir),
        "LABELLOOP_REDIS_URL": settings.redis_url,
        "LABELLOOP_BACKEND_PASSWORD": PASSWORD,
        "LABELLOOP_WEBHOOK_SECRET": SECRET,
        "LABELLOOP_REFRESH_S": str(REFRESH_S),
        "LABELLOOP_PORT": str(free_port(0)),
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture
def two_workers(environment: dict[str, str], stage: Stage, encoder: CachedEncoder) -> Iterator[httpx.Client]:
    """Yield a client of two gunicorn workers that answer `v1`; each of its requests is a new connection."""
    stage.deploy(stage.fit(encode=encoder))
    command = ["-m", "gunicorn", "-c", "python:ml_backend.gunicorn", "--workers", "2", "ml_backend.app:create_app()"]
    process = subprocess.Popen([sys.executable, *command], env=environment)
    url = f"http://127.0.0.1:{environment['LABELLOOP_PORT']}"
    try:
        with httpx.Client(base_url=url, auth=("labelloop", PASSWORD), headers={"Connection": "close"}) as client:
            wait_until(lambda: _is_up(client), 60)
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_two_workers_both_answer_a_new_version_soon(
    two_workers: httpx.Client, stage: Stage, encoder: CachedEncoder
) -> None:
    """Once the new version has been heard of, no later answer comes from the old one."""
    body = asked(task(1, "lovely"), task(5, "lovely"), task(2, "awful"))
    assert {_version(two_workers, body) for _ in range(20)} == {"v1"}
    stage.deploy(stage.fit(encode=encoder, inverted=True))
    wait_until(lambda: {_version(two_workers, body) for _ in range(20)} == {"v2"}, 2 * REFRESH_S + 10)
    assert {_version(two_workers, body) for _ in range(40)} == {"v2"}
    first, audit, second = two_workers.post("/predict", json=body).json()["results"]
    assert (choice(first), audit, choice(second)) == (["Bad"], [], ["Good"])


def test_the_serving_process_imports_nothing_heavy(
    environment: dict[str, str], stage: Stage, encoder: CachedEncoder
) -> None:
    """It starts in a second and fits beside Label Studio: no torch, no scikit-learn, no pandas."""
    stage.deploy(stage.fit(encode=encoder))
    text = json.dumps(asked(task(1, "可爱 lovely 👍")))
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, PASSWORD], env=environment, input=text, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def _is_up(client: httpx.Client) -> bool:
    try:
        return bool(client.get("/health").json()["status"] == "UP")
    except httpx.TransportError:
        return False


def _version(client: httpx.Client, body: dict[str, object]) -> str:
    answer = client.post("/predict", json=body)
    assert answer.status_code == 200
    name: str = answer.json()["model_version"]
    return name
