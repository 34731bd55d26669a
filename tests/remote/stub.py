"""An ML backend of the 2.x protocol of label-studio-ml that can misbehave on demand, on loopback, in a thread."""

import base64
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Task = dict[str, Any]


class Stub:
    """Answers each task with `entry(task)`, unless `faults` holds a status to answer first, or `results` all of them.

    `version` is what /setup says, None for none; `asked` are the bodies of all requests by path. While `open` is not
    set, /predict does not answer.
    """

    def __init__(self, entry: Callable[[Task], object], *, version: str | None = "stub-v0.0.1") -> None:
        self.entry, self.version, self.login = entry, version, ""
        self.results: Callable[[list[Task]], object] = lambda tasks: [self.entry(task) for task in tasks]
        self.faults: list[int] = []
        self.asked: list[tuple[str, Any]] = []
        self.open = threading.Event()
        self.open.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.open.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def bodies(self, path: str) -> list[Any]:
        """Return what was sent to a path."""
        return [body for at, body in self.asked if at == path]

    def answer(self, path: str, body: Any) -> object:
        """Return what the 2.x server answers."""
        match path:
            case "/health":
                return {"status": "UP", "model_class": "Stub"}
            case "/setup":
                return {"model_version": self.version}
            case _:
                self.open.wait(30)
                return {"results": self.results(body["tasks"])}


def _handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: Any) -> None:
            stub.asked.append((self.path, body))
            basic = "Basic " + base64.b64encode(stub.login.encode()).decode()
            if stub.login and self.headers["Authorization"] != basic:
                return self._send(401, {})
            if stub.faults and self.path == "/predict":
                return self._send(stub.faults.pop(0), {})
            return self._send(200, stub.answer(self.path, body))

        def _send(self, status: int, body: object) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
            pass

    return Handler
