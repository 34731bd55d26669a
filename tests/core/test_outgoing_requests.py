"""Where requests go, and whom they trust: nothing near passes a proxy, and no certificate is guessed."""

import asyncio
import json
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import openai
import pytest

from labelloop.errors import NeighbourError, UserError
from labelloop.finding import Level
from labelloop.llm.llm_errors import meaning
from labelloop.outgoing_requests import http_options, proxy_for, through
from labelloop.settings import Settings
from sync.api.client import LabelStudio
from sync.remote.address import Address
from sync.remote.backend import Backend
from workers.admin import health_checks as checks

ROOT = Path(__file__).parents[2]
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the proxies and authorities of whoever runs the tests; no name is looked up outside."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)

    known = {
        "label-studio": {"172.18.0.3"},
        "intranet.example": {"10.1.2.3", "fe80::1%eth0"},
        "both.example": {"10.1.2.3", "93.184.216.34"},
    }
    monkeypatch.setattr("labelloop.outgoing_requests.addresses_of", lambda host: known.get(host, set()))


class _Handler(BaseHTTPRequestHandler):
    """Answers everything alike, and remembers what it was asked."""

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        server.asked.append(self.path)
        body = json.dumps({"id": 1, "email": "a@example.com", "status": "UP"}).encode()
        self.send_response(server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_CONNECT = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = status
        self.asked: list[str] = []


@contextmanager
def serving(status: int = 200, certificate: Path | None = None) -> Iterator[_Server]:
    server = _Server(status)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    """A proxy that fails, named by the environment in both its spellings."""
    with serving(503) as server:
        address = f"http://user:hidden@127.0.0.1:{server.server_port}"
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, address)
        yield server


# Proxies


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "http://127.8.9.1",
        "http://localhost:9090/x",
        "http://[::1]:8080",
        "http://[::ffff:10.0.0.1]/",
        "https://10.1.2.3/ls",
        "http://192.168.1.5:9090",
        "http://172.16.0.9",
        "http://169.254.1.1",
        "http://label-studio:8080",
        "https://intranet.example",
        "http://user:secret@127.0.0.1:8080",
    ],
)
def test_nothing_near_passes_a_proxy(url: str, proxy: _Server) -> None:
    """Loopback, private and link-local addresses, and names that lead there, are asked directly."""
    assert proxy_for(url) is None
    assert through(url) == ""
    assert http_options(url)["proxy"] is None


def test_others_pass_the_proxy_of_the_environment(proxy: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it says: by the scheme, unless NO_PROXY names the host. Its password is not shown."""
    for url in ("https://label.example.org", "http://93.184.216.34", "http://both.example"):
        found = proxy_for(url)
        assert found is not None
        assert "hidden" in str(http_options(url)["proxy"])
        assert "hidden" not in f"{found} {found!r} {through(url)}"
        assert str(proxy.server_port) in through(url)
    monkeypatch.setenv("no_proxy", "example.org")
    assert proxy_for("https://label.example.org") is None


def test_a_failing_proxy_is_asked_nothing_about_this_machine(proxy: _Server) -> None:
    """Every client of ours: neither does it fail, nor is the proxy handed a token or a password."""
    with serving() as server:
        url = f"http://127.0.0.1:{server.server_port}"
        with LabelStudio(url, "0" * 40) as client:
            assert client.whoami().id == 1
        with Backend(Address(url, "1"), user="u", password="p", timeout_s=5) as backend:
            backend.health()
        assert httpx.get(url, **http_options(url)).status_code == 200
        settings = Settings(_env_file=None, backend_url=url, label_studio_url=url)
        assert [one.level for one in checks.backend(settings)] == [Level.OK]
        assert list(checks.proxies(settings)) == []
    assert proxy.asked == []


def test_a_failing_proxy_is_named(proxy: _Server) -> None:
    """Where an address outside is asked, the message says by which way, and how to change that."""
    with LabelStudio("http://label.example.org", "0" * 40, attempts=1) as client, pytest.raises(NeighbourError) as told:
        client.whoami()
    for word in ("503", f"127.0.0.1:{proxy.server_port}", "HTTP_PROXY", "NO_PROXY"):
        assert word.lower() in str(told.value).lower()
    assert "hidden" not in str(told.value)


def test_doctor_names_the_proxies_that_would_be_used(proxy: _Server) -> None:
    """A warning each, and none for what is near."""
    settings = Settings(
        _env_file=None,
        label_studio_url="https://label.example.org",
        backend_url="http://127.0.0.1:9090",
        llm_base_url="https://llm.example.org/v1",
    )
    told = list(checks.proxies(settings))
    assert [(one.level, one.what.partition(" is asked ")[0]) for one in told] == [
        (Level.WARN, "Label Studio at https://label.example.org"),
        (Level.WARN, "The LLM at https://llm.example.org/v1"),
    ]
    assert all("NO_PROXY" in one.advice for one in told)


def test_every_client_is_opened_this_way() -> None:
    """No call of ours goes by the environment alone."""
    opened = r"\b(?:httpx\.(?:get|post|put|request|stream|Client|AsyncClient)|DefaultAsyncHttpxClient|urlopen)\("
    for folder in ("labelloop", "sync", "workers", "ml_backend"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text("utf-8")
            for found in re.finditer(opened, text):
                call = text[found.start() : found.start() + 200]
                assert "**http_options(" in call or "**how" in call, f"{path}: {call[:60]}"


# Certificates


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for this machine, with its key, in one PEM file."""
    folder = tmp_path_factory.mktemp("certificate")
    key, made = folder / "key.pem", folder / "made.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(
        [*command, "-keyout", str(key), "-out", str(made), "-days", "2", *subject], check=True, capture_output=True
    )
    made.write_text(made.read_text() + key.read_text())
    return made


def test_a_certificate_that_is_not_trusted_is_said_at_once(certificate: Path) -> None:
    """No second attempt could help: the message names the setting that does."""
    with serving(certificate=certificate) as server:
        url = f"https://127.0.0.1:{server.server_port}"
        began = time.monotonic()
        with LabelStudio(url, "0" * 40, attempts=5, pause_s=60) as client, pytest.raises(UserError) as told:
            client.whoami()
        assert time.monotonic() - began < 60
        assert "not trusted" in str(told.value)
        assert "LABELLOOP_CA_BUNDLE" in str(told.value)
        with (
            Backend(Address(url, "1"), user="", password="", timeout_s=5, pause_s=5) as backend,
            pytest.raises(NeighbourError, match="LABELLOOP_CA_BUNDLE"),
        ):
            backend.health()
        (finding,) = checks.backend(Settings(_env_file=None, backend_url=url))
        assert finding.level is Level.FAULT
        assert "LABELLOOP_CA_BUNDLE" in finding.what


def test_a_server_that_does_not_speak_tls_is_said_at_once() -> None:
    """No second attempt could help here either."""
    with serving() as server:
        url = f"https://127.0.0.1:{server.server_port}"
        with (
            LabelStudio(url, "0" * 40, attempts=5, pause_s=60) as client,
            pytest.raises(UserError, match=r"does not speak TLS: write http://"),
        ):
            client.whoami()


def test_doctor_says_nothing_of_a_proxy_for_an_llm_that_is_not_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment names."""
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert list(checks.proxies(Settings(_env_file=None))) == []


def apart(asking: Coroutine[None, None, int]) -> int:
    """Return what comes of it, in a thread of its own: a browser of another test may keep this one's loop running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asking).result()


def test_an_llm_s_certificate_is_no_other(certificate: Path) -> None:
    """The SDK's error is told in the same words, and a trusted one lets it answer."""

    async def ask(url: str, bundle: str) -> int:
        options = http_options(url, bundle)
        async with openai.AsyncOpenAI(
            base_url=url, api_key="none", max_retries=0, http_client=openai.DefaultAsyncHttpxClient(**options)
        ) as client:
            return (await client.models.with_raw_response.list()).status_code

    with serving(certificate=certificate) as server:
        url = f"https://127.0.0.1:{server.server_port}/v1"
        with pytest.raises(openai.APIConnectionError) as refused:
            apart(ask(url, ""))
        told = meaning(refused.value, url=url, sent={}, waited_s=1)
        assert isinstance(told, UserError)
        assert "LABELLOOP_CA_BUNDLE" in str(told)
        assert apart(ask(url, str(certificate))) == 200


@pytest.mark.parametrize("by", ["setting", "SSL_CERT_FILE"])
def test_an_authority_of_ones_own_is_trusted(certificate: Path, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the setting, beside the usual ones; or by OpenSSL's variable, in their place."""
    bundle = str(certificate) if by == "setting" else ""
    if not bundle:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(certificate=certificate) as server:
        url = f"https://127.0.0.1:{server.server_port}"
        with LabelStudio(url, "0" * 40, ca_bundle=bundle) as client:
            assert client.whoami().id == 1
        with Backend(Address(url, "1"), user="", password="", timeout_s=5, ca_bundle=bundle) as backend:
            backend.health()
        (finding,) = checks.backend(Settings(_env_file=None, backend_url=url, ca_bundle=bundle))
        assert finding.level is Level.OK


def test_a_certificate_for_another_name_is_another_matter(certificate: Path, tmp_path: Path) -> None:
    """No file of authorities would help: the advice is another."""
    with serving(certificate=certificate) as server:
        url = f"https://127.0.0.2:{server.server_port}"
        try:
            socket.create_connection(("127.0.0.2", server.server_port), timeout=1).close()
        except OSError:
            server.server_close()
        with (
            LabelStudio(url, "0" * 40, attempts=1, ca_bundle=str(certificate)) as client,
            pytest.raises((UserError, NeighbourError)) as told,
        ):
            client.whoami()
    assert "LABELLOOP_CA_BUNDLE" not in str(told.value)


def test_a_bundle_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A file that is none at the start, one that holds no certificate at the first client."""
    with pytest.raises(ValueError, match="no file"):
        Settings(_env_file=None, ca_bundle=str(tmp_path / "nothing.pem"))
    (tmp_path / "odd.pem").write_text("no certificate")
    with pytest.raises(UserError, match="no readable PEM file"):
        LabelStudio("https://label.example.org", "0" * 40, ca_bundle=str(tmp_path / "odd.pem"))
