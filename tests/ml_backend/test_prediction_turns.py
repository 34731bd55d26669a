"""While predictions are slow the ML backend still answers /health, which Label Studio asks on every page load."""

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.ml_backend.stage import wait_until
from workers.local.processes import free_port

pytestmark = pytest.mark.services
AT_ONCE = 2
SLOW = f"""
import time
from pathlib import Path
from flask import Flask
from ml_backend import health
from ml_backend.prediction_turns import limit_predictions


def create_app():
    app = Flask(__name__)
    app.register_blueprint(health.routes)
    limit_predictions(app, {AT_ONCE})
    app.post("/predict")(predict)
    return app

def predict():
    while not Path("go on").exists():
        time.sleep(0.05)
    return {{}}
"""


SERVE = """
from labelloop.settings import Settings
from ml_backend.server import backend_server

if __name__ == "__main__":
    backend_server(Settings(), app="slow:create_app").serve()
"""


def test_health_is_answered_while_all_predictions_are_slow(tmp_path: Path) -> None:
    """Before one of them ends, though many more wait; predictions too many are told to come back."""
    (tmp_path / "slow.py").write_text(SLOW, "utf-8")
    url = f"http://127.0.0.1:{(port := free_port(0))}"
    environment = {**os.environ, "LABELLOOP_PORT": str(port), "LABELLOOP_THREADS": str(AT_ONCE)}
    (tmp_path / "serve_slow.py").write_text(SERVE, "utf-8")
    with (
        subprocess.Popen([sys.executable, "serve_slow.py"], cwd=tmp_path, env=environment) as process,
        ThreadPoolExecutor(16) as people,
    ):
        try:
            wait_until(lambda: is_up(url))
            asked = [people.submit(httpx.post, f"{url}/predict", json={}, timeout=300) for _ in range(16)]
            while sum(one.done() for one in asked) < len(asked) - AT_ONCE:
                assert httpx.get(f"{url}/health", timeout=60).json()["status"] == "UP"
            assert httpx.get(f"{url}/health", timeout=60).json()["status"] == "UP"
            (tmp_path / "go on").touch()
            answers = [one.result() for one in asked]
            assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE, 503: len(asked) - AT_ONCE}
            assert {answer.headers["Retry-After"] for answer in answers if answer.status_code == 503} == {"5"}
        finally:
            process.terminate()


def is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=1).is_success
    except httpx.HTTPError:
        return False
