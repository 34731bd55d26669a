"""The least that Label Studio takes for an ML backend, on loopback, in a thread."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

USER, PASSWORD = "labelloop", "pass word"


class StubBackend:
    """Answers those who know the password (an empty one: everybody), and remembers every webhook call."""

    def __init__(self, password: str = PASSWORD) -> None:
        self.password = password
        self.rung: list[tuple[str, str | None, dict[str, object]]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(backend: StubBackend) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({"status": "UP"})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            if self.path.startswith("/webhook"):
                backend.rung.append((self.path, self.headers["X-LabelLoop-Secret"], body))
                self._answer({})
            else:
                self._answer({"model_version": "v0"})

        def _answer(self, body: dict[str, str]) -> None:
            basic = "Basic " + base64.b64encode(f"{USER}:{backend.password}".encode()).decode()
            known = not backend.password or self.headers["Authorization"] == basic or self.path.startswith("/webhook")
            content = json.dumps(body).encode()
            self.send_response(200 if known else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
            pass

    return Handler
