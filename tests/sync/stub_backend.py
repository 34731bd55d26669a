"""The least that Label Studio takes for an ML backend, on loopback, in a thread."""

import base64
from collections.abc import Mapping
from typing import Any

from tests.loopback import Loopback

USER, PASSWORD = "labelloop", "pass word"


class StubBackend(Loopback):
    """Answers those who know the password (an empty one: everybody), and remembers every webhook call."""

    def __init__(self, password: str = PASSWORD) -> None:
        super().__init__()
        self.password = password
        self.rung: list[tuple[str, str | None, dict[str, object]]] = []

    def reply(self, path: str, headers: Mapping[str, str], body: Any) -> tuple[int, object]:
        """Return what a backend without a model says."""
        if path.startswith("/webhook"):
            self.rung.append((path, headers.get("X-LabelLoop-Secret"), body))
            return 200, {}
        basic = "Basic " + base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        known = not self.password or headers.get("Authorization") == basic
        return 200 if known else 401, {"status": "UP"} if body is None else {"model_version": "v0"}
