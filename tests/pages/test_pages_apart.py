"""Pages and API in a process of their own: browsers and scripts notice nothing, and predictions never wait for it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest

from labelloop.domain.action_record import Action
from labelloop.settings import Settings
from ml_backend.handed_on import AT_ONCE, FIRST_PARTS
from ml_backend.pages_app import create_app
from tests.ml_backend.stage import PASSWORD, SECRET, asked, task, wait_until
from tests.pages.world import World
from workers.jobs.app_context import open_serving_context
from workers.local.processes import free_port

pytestmark = pytest.mark.services
CLIENT = "127.0.0.2"
"""The client's own loopback address: between the two processes it is 127.0.0.1."""
IMPORTS = """
import sys
from ml_backend.app import create_app
create_app()
print(*(name for name in sys.modules if name.startswith(("ml_backend.pages", "ml_backend.api"))))
"""


@dataclass(frozen=True)
class Apart:
    """A client of the ML backend, and the process that makes its pages."""

    client: httpx.Client
    pages: subprocess.Popen[bytes]


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """Return what both processes are told."""
    ours = {
        "DATA_DIR": settings.data_dir,
        "REDIS_URL": settings.redis_url,
        "LABEL_STUDIO_URL": settings.label_studio_url,
        "BACKEND_PASSWORD": PASSWORD,
        "WEBHOOK_SECRET": SECRET,
        "PORT": free_port(0),
        "PAGES_PORT": (pages := free_port(0)),
        "PAGES_SERVICE_URL": f"http://127.0.0.1:{pages}",
        "LOG_LEVEL": "CRITICAL",
    }
    return {**os.environ, **{f"LABELLOOP_{name}": str(value) for name, value in ours.items()}}


@pytest.fixture
def apart(environment: dict[str, str], world: World) -> Iterator[Apart]:
    """Yield both processes as operators run them, on a project with two versions."""
    world.connect()
    for number, agreement in enumerate((0.62, 0.71), 1):
        world.round(12, number, (agreement,))
    front, behind = (f"http://127.0.0.1:{environment[f'LABELLOOP_{name}']}" for name in ("PORT", "PAGES_PORT"))
    with ExitStack() as stack:
        _start(stack, environment, "backend")
        pages = _start(stack, environment, "pages")
        transport = httpx.HTTPTransport(local_address=CLIENT)
        client = httpx.Client(base_url=front, transport=transport, auth=("labelloop", PASSWORD), timeout=30)
        stack.enter_context(client)
        wait_until(lambda: _is_up(front) and _is_up(behind))
        yield Apart(client, pages)


def _start(stack: ExitStack, environment: dict[str, str], what: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ml_backend.server", what]
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    stack.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=1).is_success
    except httpx.HTTPError:
        return False


def test_forms_and_files_pass_and_the_trail_has_the_clients_address(apart: Apart, world: World) -> None:
    """Whatever the client says of its address and host: neither is believed."""
    forged = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    page = apart.client.get("/guideline/12", headers={"Accept": "text/html"})
    token = re.search(r'name="token" value="(\w+)"', page.text)
    assert token
    form = {"token": token[1], "action": "edit", "text": "# 准则\n\nBe kind.", "more": "x" * 200_000}
    answer = apart.client.post("/guideline/12", data=form, headers=forged)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/guideline/12")
    assert [(one.action, one.address) for one in world.book.ledger.all(Action, 12)] == [("edit guideline", CLIENT)]
    foreign = apart.client.post("/guideline/12", data=form, headers={"Origin": "https://evil.example"} | forged)
    assert foreign.status_code == 403
    file = apart.client.get("/projects/12/curve.csv")
    assert "attachment" in file.headers["Content-Disposition"]
    assert [len(file.headers.get_list(name)) for name in ("Date", "Server")] == [1, 1]


def test_who_reaches_the_pages_process_itself_is_not_believed_either(
    apart: Apart, environment: dict[str, str], world: World
) -> None:
    """Its address may be open to others: only the ML backend, which knows the secrets, speaks for a client."""
    action = f"http://127.0.0.1:{environment['LABELLOOP_PAGES_PORT']}/api/v1/projects/12/deploy"
    forged = {"X-Forwarded-For": "192.0.2.7", "X-LabelLoop-Front": "x"}
    assert apart.client.post(action, json={"version": "v1"}, headers=forged).is_success
    assert [one.address for one in world.book.ledger.all(Action, 12)] == [CLIENT]


def test_a_log_in_begins_a_session(apart: Apart) -> None:
    """Cookies come through; Label Studio, which is asked for the password, is not there."""
    apart.client.auth = httpx.Auth()  # none
    form = apart.client.get("/projects/12", headers={"Accept": "text/html"})
    assert form.status_code == 401
    assert "labelloop_session" in form.cookies
    token = re.search(r'name="token" value="(\w+)"', form.text)
    assert token
    answer = apart.client.post("/login", data={"token": token[1], "name": "a@example.com", "password": "x"})
    assert answer.status_code == 503


def test_pages_that_are_down_stop_no_prediction(apart: Apart) -> None:
    """A page says what to do; /predict and /health go on."""
    os.killpg(apart.pages.pid, signal.SIGKILL)
    apart.pages.wait()
    answer = apart.client.get("/projects/12")
    assert answer.status_code == 503
    assert "labelloop pages" in answer.json()["error"]
    chinese = {"Accept": "text/html", "Accept-Language": "zh-CN,zh;q=0.9"}
    page = apart.client.get("/projects/12", headers=chinese)
    assert (page.status_code, page.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "请启动它（labelloop pages）" in page.text
    _predicts(apart.client)


def test_pages_that_hang_stop_no_prediction(apart: Apart) -> None:
    """However many ask for pages: those too many are refused, and the others wait in threads of their own."""
    os.killpg(apart.pages.pid, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(2 * AT_ONCE) as people:
            looks = [people.submit(_look, str(apart.client.base_url)) for _ in range(2 * AT_ONCE)]
            wait_until(lambda: sum(one.done() for one in looks) >= AT_ONCE)
            _predicts(apart.client)
            os.killpg(apart.pages.pid, signal.SIGCONT)
            assert [one.result() for one in looks].count(503) >= AT_ONCE
    finally:
        os.killpg(apart.pages.pid, signal.SIGCONT)
    assert apart.client.get("/projects/12").status_code == 200


def _look(url: str) -> int:
    return httpx.get(f"{url}/projects/12", auth=("labelloop", PASSWORD), timeout=60).status_code


def _predicts(client: httpx.Client) -> None:
    assert client.get("/health", timeout=5).json()["status"] == "UP"
    assert client.post("/predict", json=asked(task(1)), timeout=5).status_code < 500


def test_the_ml_backend_does_not_load_pages_that_another_process_makes(environment: dict[str, str]) -> None:
    """They cost it neither memory nor time to start."""
    done = subprocess.run([sys.executable, "-c", IMPORTS], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_every_path_of_pages_and_api_is_handed_on(settings: Settings) -> None:
    """A new page with a first part of its own has to be named, or the ML backend would not find it."""
    rules = create_app(open_serving_context(settings)).url_map.iter_rules()
    own = {"/health", "/metrics"}
    assert {rule.rule.split("/")[1] for rule in rules if rule.rule not in own} == FIRST_PARTS
