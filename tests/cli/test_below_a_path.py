"""A Label Studio below a path of its host, as behind a reverse proxy: the address in the settings is all it takes."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from tests.cli.conftest import Run
from tests.sync.stub_backend import StubBackend
from workers.demo.accounts import create_annotator
from workers.local.label_studio import RunningLabelStudio

PREFIX = "/tools/label-studio"
OURS = {"connection", "transfer-encoding", "content-length", "accept-encoding", "content-encoding", "host"}
"""Headers that belong to one connection: a proxy makes its own."""


@pytest.fixture
def host(label_studio: RunningLabelStudio) -> Iterator[str]:
    """Yield the address of a host that has Label Studio below a path, and nothing else."""
    with httpx.Client(base_url=label_studio.url, timeout=60) as upstream:

        class Proxy(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not self.path.startswith(f"{PREFIX}/"):
                    return self.send_error(404)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                passed = {name: value for name, value in self.headers.items() if name.lower() not in OURS}
                there = self.path.removeprefix(PREFIX)
                answer = upstream.request(self.command, there, content=body, headers=passed)
                self.send_response(answer.status_code)
                for name, value in answer.headers.items():
                    if name not in OURS:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)
                return None

            do_POST = do_PATCH = do_DELETE = do_PUT = do_GET  # noqa: N815  # as the base class calls them

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            yield f"http://127.0.0.1:{server.server_address[1]}"
            server.shutdown()
            thread.join()


def test_the_loop_is_wired_below_a_path_with_and_without_a_slash(
    run: Run,
    backend: StubBackend,
    project: int,
    label_studio: RunningLabelStudio,
    host: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With either kind of token; without the path the address is questioned."""
    person = create_annotator(label_studio.url, label_studio.token, 734)
    headers = {"Authorization": f"Token {person.token}"}
    personal = httpx.post(f"{label_studio.url}/api/token/", json={}, headers=headers).raise_for_status().json()["token"]
    for address, token in ((f"{host}{PREFIX}", None), (f"{host}{PREFIX}/", personal)):
        monkeypatch.setenv("LABELLOOP_LABEL_STUDIO_URL", address)
        if token:
            monkeypatch.setenv("LABELLOOP_LABEL_STUDIO_TOKEN", token)
        for words in (("connect", str(project), "--yes"), ("train", str(project), "--now")):
            done = run(*words)
            assert done.status == 0, done.err
        told = run("doctor", str(project)).out
        assert "Label Studio is wired as it should be" in told
        assert "4 tasks and 0 annotations of Label Studio are known here" in told

    monkeypatch.setenv("LABELLOOP_LABEL_STUDIO_URL", host)
    refused = run("connect", str(project))
    assert refused.status == 2
    assert "answers, but not as Label Studio does: check LABELLOOP_LABEL_STUDIO_URL" in refused.err
