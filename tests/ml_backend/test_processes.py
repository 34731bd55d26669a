"""The service as operators run it: granian, more than one process, no torch."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from labelloop.encoders.vectors import CachedEncoder
from labelloop.settings import Settings
from tests.ml_backend.conftest import KEPT
from tests.ml_backend.stage import PASSWORD, SECRET, Stage, asked, choice, task, wait_until
from workers.local.processes import free_port

pytestmark = pytest.mark.services
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
    """Yield a client of two granian workers that answer `v1`; each of its requests is a new connection."""
    stage.deploy(stage.fit(encode=encoder))
    process = subprocess.Popen([sys.executable, "-m", "ml_backend.server", "backend", "2"], env=environment)
    url = f"http://127.0.0.1:{environment['LABELLOOP_PORT']}"
    try:
        with httpx.Client(base_url=url, auth=("labelloop", PASSWORD), headers={"Connection": "close"}) as client:
            wait_until(lambda: _is_up(client), 60)
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_two_workers_both_answer_a_new_version_soon(
    two_workers: httpx.Client, stage: Stage, encoder: CachedEncoder
) -> None:
    """Each by itself, without being told: first some answers come from the new one, then all do."""
    body = asked(task(1, "lovely"), task(5, "lovely"), task(2, "awful"))
    assert {_version(two_workers, body) for _ in range(20)} == {"v1"}
    stage.deploy(stage.fit(encode=encoder, inverted=True))
    wait_until(lambda: {_version(two_workers, body) for _ in range(40)} == {"v2"})
    first, audit, second = two_workers.post("/predict", json=body).json()["results"]
    assert (choice(first), audit, choice(second)) == (["Bad"], [], ["Good"])


def test_a_text_of_many_megabytes_stops_nobody(two_workers: httpx.Client, environment: dict[str, str]) -> None:
    """It is answered in a moment, with little memory, and /health answers meanwhile as Label Studio needs it to."""
    text = "lovely weather today, and 雨 tomorrow. " * (40 * 2**20 // 42)
    slowest = 0.0
    with ThreadPoolExecutor(2) as requests:
        asking = [requests.submit(two_workers.post, "/predict", json=asked(task(1, text)), timeout=60) for _ in "ab"]
        while not all(one.done() for one in asking):
            began = time.monotonic()
            assert two_workers.get("/health").status_code == 200
            slowest = max(slowest, time.monotonic() - began)
    answers = [one.result() for one in asking]
    assert [choice(answer.json()["results"][0]) for answer in answers] == [["Good"], ["Good"]]
    assert slowest < 5  # one second as Label Studio waits, on a machine that does not also run the client
    assert max(_peak_mib(pid) for pid in _workers_of(environment)) < 1000


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


def _workers_of(environment: dict[str, str]) -> list[int]:
    """Return the processes that serve in this environment."""
    wanted = f"LABELLOOP_DATA_DIR={environment['LABELLOOP_DATA_DIR']}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (
                b"ml_backend.server" in (folder / "cmdline").read_bytes()
                and wanted in (folder / "environ").read_bytes()
            ):
                found.append(int(folder.name))
    return found


def _peak_mib(pid: int) -> int:
    (line,) = [row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


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
