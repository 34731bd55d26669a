"""Patience, tokens and errors, on a scripted Label Studio."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import jwt
import pytest

from labelloop.errors import LabelLoopError, NeighbourError, NotFound, UserError
from sync.api.client import LabelStudio

Prediction = httpx.Response | Exception
USER = {"id": 1, "email": "a@example.com"}
TIMED_OUT = httpx.ReadTimeout("read timed out")


def token(lives_s: float = 300, kind: str = "access", number: int = 0) -> str:
    """Return a token of the form of Label Studio's."""
    now = int(time.time())
    claims = {"token_type": kind, "iat": now, "exp": now + lives_s, "jti": str(number)}
    return jwt.encode(claims, "k" * 32, algorithm="HS256")


PERSONAL = token(lives_s=10_000, kind="refresh")


class Script:
    """Gives the scripted answers one after the other, and remembers the requests."""

    def __init__(self, *answers: Prediction) -> None:
        self.requests: list[httpx.Request] = []
        self._answers: Iterator[Prediction] = iter(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def client(
    handler: Callable[[httpx.Request], httpx.Response], api_key: str = "legacy", attempts: int = 3
) -> LabelStudio:
    return LabelStudio("http://ls", api_key, attempts=attempts, pause_s=0, transport=httpx.MockTransport(handler))


def refusal(status: int, detail: str = "", **more: object) -> httpx.Response:
    return httpx.Response(status, json={"status_code": status, "detail": detail, **more})


def test_passing_trouble_is_waited_out() -> None:
    """A harmless call is repeated after refused connections, time-outs and the statuses of busy proxies."""
    script = Script(
        httpx.ConnectError("refused"), refusal(503), TIMED_OUT, refusal(429), httpx.Response(200, json=USER)
    )
    with client(script, attempts=5) as studio:
        assert studio.whoami().email == "a@example.com"
    assert len(script.requests) == 5


@pytest.mark.parametrize("answer", [httpx.ConnectError("refused"), TIMED_OUT, refusal(502), refusal(504)])
def test_patience_ends(answer: Prediction) -> None:
    """After the last attempt the address is named, and what to check."""
    script = Script(*[answer] * 9)
    with client(script) as studio, pytest.raises(NeighbourError, match="http://ls"):
        studio.whoami()
    assert len(script.requests) == 3


@pytest.mark.parametrize("answer", [TIMED_OUT, httpx.ReadError("reset"), refusal(503), refusal(500)])
def test_what_may_have_been_done_is_not_sent_again(answer: Prediction) -> None:
    """Predictions whose answer was lost may be stored already; sending them again would double them."""
    script = Script(answer)
    with client(script) as studio, pytest.raises(NeighbourError):
        studio.import_predictions(1, [{"task": 1}])
    assert len(script.requests) == 1


@pytest.mark.parametrize("answer", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), refusal(429)])
def test_what_was_surely_not_done_is_sent_again(answer: Prediction) -> None:
    """A request that never arrived, or was turned away, does no harm twice."""
    script = Script(answer, httpx.Response(201, json={"created": 1}))
    with client(script) as studio:
        assert studio.import_predictions(1, [{"task": 1}]) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (refusal(401, "Invalid token."), UserError, "Personal Access Token"),
        (
            refusal(401, "legacy token authentication has been disabled for this organization"),
            UserError,
            "legacy tokens",
        ),
        (
            refusal(403, "URL resolves to a reserved network address (block: 127.0.0.0/8)"),
            UserError,
            "ML_BLOCK_LOCAL_IP",
        ),
        (refusal(403, "URL resolves to a reserved network address (block: 10.0.0.0/8)"), UserError, "SSRF_PROTECTION"),
        (refusal(403, "The provided URL was not allowed."), UserError, "SSRF_PROTECTION"),
        (refusal(403, "No."), UserError, "forbids GET /api/projects/7/"),
        (refusal(404, "No Project matches the given query."), NotFound, "No Project matches"),
        (httpx.Response(404, html="<h1>404 Not Found</h1>"), UserError, "LABELLOOP_LABEL_STUDIO_URL"),
        (refusal(400, "Validation error", validation_errors={"title": ["too short"]}), UserError, "title: too short"),
        (refusal(400, "x" * 9999), UserError, "x…"),
        (refusal(500, "boom"), NeighbourError, "Label Studio's log"),
        (httpx.Response(200, text="<html>"), UserError, "LABELLOOP_LABEL_STUDIO_URL"),
        (httpx.Response(302, headers={"location": "https://ls/"}), UserError, "redirects to https://ls/"),
        (httpx.Response(200, json={"no": "project"}), NeighbourError, "Is it Label Studio 1.23"),
        (httpx.Response(200, json=[]), NeighbourError, "Is it Label Studio 1.23"),
    ],
)
def test_refusals_say_what_to_do(answer: httpx.Response, kind: type[LabelLoopError], words: str) -> None:
    """Each of Label Studio's refusals becomes one of our errors, with its own words and advice."""
    with client(Script(answer)) as studio, pytest.raises(kind, match=words):
        studio.project(7)


def test_a_tasks_text_is_not_repeated_in_an_error() -> None:
    """Label Studio quotes the whole task after its reason; our messages may end in a log."""
    words = "\"text\" key is expected [assume: item[\"data\"] = task root with values] :: {'data': {'t': 'private'}}"
    script = Script(refusal(400, "Validation error", validation_errors={"non_field_errors": [words]}))
    with client(script) as studio, pytest.raises(UserError, match="key is expected") as caught:
        studio.import_tasks(1, [{"data": {"t": "private"}}])
    assert "private" not in str(caught.value)


def test_without_a_token_or_an_address_nothing_is_asked() -> None:
    """What is missing in the settings is said at once."""
    with pytest.raises(UserError, match="no Label Studio token"):
        LabelStudio("http://ls", " ")
    with pytest.raises(UserError, match="not an address"):
        LabelStudio("http://[::", "token")


def test_deleting_what_is_gone_is_no_error() -> None:
    """The wish is fulfilled."""
    with client(Script(refusal(404), refusal(404), refusal(404))) as studio:
        studio.delete_backend(1)
        studio.delete_webhook(1)
        studio.delete_annotation(1)


class Tokens:
    """A Label Studio that gives access tokens of a given life and forgets them when told to."""

    def __init__(self, lives_s: float = 300) -> None:
        self.refreshed, self.valid, self._lives_s, self._lock = 0, set[str](), lives_s, threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/token/refresh/":
            assert json.loads(request.content) == {"refresh": PERSONAL}
            with self._lock:
                self.refreshed += 1
                access = token(self._lives_s, number=self.refreshed)
                self.valid = {access}
            return httpx.Response(200, json={"access": access})
        scheme, _, access = request.headers["Authorization"].partition(" ")
        return (
            httpx.Response(200, json=USER) if (scheme, access) in {("Bearer", v) for v in self.valid} else refusal(401)
        )


def test_an_access_token_is_used_until_it_is_stale() -> None:
    """One exchange for many requests; a token without any life left is exchanged every time."""
    lasting, fleeting = Tokens(), Tokens(lives_s=0)
    for server, expected in ((lasting, 1), (fleeting, 3)):
        with client(server, PERSONAL) as studio:
            for _ in range(3):
                studio.whoami()
        assert server.refreshed == expected


def test_a_forgotten_access_token_is_renewed_once() -> None:
    """A 401 with a token that should still live brings a new one without the caller noticing."""
    server = Tokens()
    with client(server, PERSONAL) as studio:
        studio.whoami()
        server.valid = set()
        studio.whoami()
    assert server.refreshed == 2


def test_an_account_that_was_shut_out_is_not_asked_for_ever() -> None:
    """A second 401 after renewing is the answer."""
    script = Script(
        httpx.Response(200, json={"access": token()}),
        refusal(401),
        httpx.Response(200, json={"access": token()}),
        refusal(401, "User is inactive"),
    )
    with client(script, PERSONAL) as studio, pytest.raises(UserError, match="User is inactive"):
        studio.whoami()


def test_a_revoked_personal_token_says_what_to_do() -> None:
    """So does an access token in its place, which Label Studio calls the wrong type."""
    for words in ("Token is blacklisted", "Token has wrong type"):
        with client(Script(refusal(401, words)), PERSONAL) as studio, pytest.raises(UserError, match=words):
            studio.whoami()


def test_threads_share_one_exchange() -> None:
    """Many threads that start at once do not each fetch a token."""
    server = Tokens()
    with client(server, PERSONAL) as studio:
        threads = [threading.Thread(target=studio.whoami) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert server.refreshed == 1


class Keeping(ThreadingHTTPServer):
    """Answers like Label Studio's own server, which keeps connections, and counts these."""

    opened = 0

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Count the connection."""
        self.opened += 1
        super().process_request(request, client_address)


class Answer(BaseHTTPRequestHandler):
    """Says who asks."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send the head, then the body."""
        content = json.dumps(USER).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
        """Say nothing."""


def test_without_tls_no_call_waits_on_the_connection_of_the_last() -> None:
    """On a connection that is used again each answer of Label Studio's own server takes 40 ms longer."""
    with Keeping(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        with LabelStudio(f"http://127.0.0.1:{server.server_port}", "legacy") as studio:
            for _ in range(3):
                studio.whoami()
        server.shutdown()
        thread.join()
    assert server.opened == 3
