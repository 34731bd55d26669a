"""The neighbours that the fixtures start are real and are ours."""

import socket
import stat
import tempfile
from pathlib import Path

import httpx
import pytest
import redis
from playwright.sync_api import Browser

from labelloop.errors import NeighbourError, UserError
from tests.conftest import LABEL_STUDIO
from tests.remote.stub import Stub
from workers.local.label_studio import CREDENTIALS, DATABASE, RunningLabelStudio, is_up, start_label_studio
from workers.local.processes import free_port
from workers.local.redis import start_redis


def test_label_studio_answers_to_its_administrator(label_studio: RunningLabelStudio) -> None:
    """The administrator's token opens the API of the Label Studio that we started; the file with it is private."""
    answer = httpx.get(
        f"{label_studio.url}/api/current-user/whoami", headers={"Authorization": f"Token {label_studio.token}"}
    )
    credentials = label_studio.process.log.parent / CREDENTIALS

    assert answer.json()["email"] == label_studio.email
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600


def test_label_studio_does_not_move_to_another_port(tmp_path: Path) -> None:
    """A busy port is an error that says so, not a Label Studio somewhere else."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(UserError, match=f"Port {port} on 127.0.0.1 is taken"):
            start_label_studio(tmp_path, port=port, command=LABEL_STUDIO)


def test_a_port_that_is_lost_during_the_start_is_noticed(tmp_path: Path) -> None:
    """Label Studio's own remark that it moves on ends the start at once."""
    command = tmp_path / "label-studio"
    command.write_text("#!/bin/sh\necho '* Trying to start at 8081'\nexec sleep 600\n")
    command.chmod(0o755)

    with pytest.raises(NeighbourError, match="Another program took the port"):
        start_label_studio(tmp_path / "data", port=free_port(0), command=command)


def test_what_answers_on_the_port_before_label_studio_listens_is_not_it(tmp_path: Path) -> None:
    """Its first start takes a minute, in which another program may take the port: that is noticed when it listens."""
    log = tmp_path / "log"
    log.write_text("Initializing database..\n")
    with Stub(lambda _: None) as other:
        before = is_up(other.url, log)
        log.write_text("Initializing database..\nStarting development server at …\n")
        assert (before, is_up(other.url, log)) == (False, True)


def test_a_label_studio_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """A folder with a database but without our administrator is not touched."""
    (tmp_path / DATABASE).write_bytes(b"theirs")

    with pytest.raises(UserError, match="not started by labelloop"):
        start_label_studio(tmp_path, port=free_port(0), command=LABEL_STUDIO)

    assert [path.name for path in tmp_path.iterdir()] == [DATABASE]


def test_the_queue_server_starts_empty(clean_redis_url: str) -> None:
    """Each test finds an empty Valkey."""
    with redis.Redis.from_url(clean_redis_url) as client:
        assert client.dbsize() == 0


@pytest.mark.services
def test_a_folder_has_one_queue_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second server on the same data is refused, even below a path that is too long for a socket."""
    directory = tmp_path / ("long" * 30)
    with tempfile.TemporaryDirectory(prefix="ll-") as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        first = start_redis(directory)
        try:
            with pytest.raises(UserError, match="already runs"):
                start_redis(directory)
        finally:
            first.process.stop()

    assert (directory / "appendonlydir").is_dir()


def test_label_studio_opens_in_a_browser(label_studio: RunningLabelStudio, browser: Browser) -> None:
    """People sign in with the administrator's email and password."""
    page = browser.new_page()
    page.goto(f"{label_studio.url}/user/login/")
    page.fill("#email", label_studio.email)
    page.fill("#password", label_studio.password)
    page.click('button[aria-label="Log In"]')
    page.wait_for_url(lambda url: "/user/login" not in url)

    assert "Label Studio" in page.title()
    page.close()
