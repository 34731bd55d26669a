"""An ML backend of the 2.x protocol of label-studio-ml that can misbehave on demand, on loopback, in a thread."""

import base64
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from tests.loopback import Loopback

Task = dict[str, Any]
HANGS_S = 120.0
"""How long a backend that is not `open` keeps whoever asks it waiting."""


class Stub(Loopback):
    """Answers each task with `entry(task)`, unless `faults` holds a status to answer first, or `results` all of them.

    `version` is what /setup says, None for none; `asked` are the bodies of all requests by path. While `open` is not
    set, /predict does not answer.
    """

    def __init__(self, entry: Callable[[Task], object], *, version: str | None = "stub-v0.0.1") -> None:
        super().__init__()
        self.entry, self.version, self.login = entry, version, ""
        self.results: Callable[[list[Task]], object] = lambda tasks: [self.entry(task) for task in tasks]
        self.faults: list[int] = []
        self.asked: list[tuple[str, Any]] = []
        self.open = threading.Event()
        self.open.set()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.open.set()
        super().__exit__(kind, error, trace)

    def bodies(self, path: str) -> list[Any]:
        """Return what was sent to a path."""
        return [body for at, body in self.asked if at == path]

    def reply(self, path: str, headers: Mapping[str, str], body: Any) -> tuple[int, object]:
        """Return what the 2.x server answers."""
        self.asked.append((path, body))
        if self.login and headers.get("Authorization") != "Basic " + base64.b64encode(self.login.encode()).decode():
            return 401, {}
        if self.faults and path == "/predict":
            return self.faults.pop(0), {}
        match path:
            case "/health":
                return 200, {"status": "UP", "model_class": "Stub"}
            case "/setup":
                return 200, {"model_version": self.version}
            case _:
                self.open.wait(HANGS_S)
                return 200, {"results": self.results(body["tasks"])}
