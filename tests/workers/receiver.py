"""Somebody outside who is told what happens: an HTTP server on loopback."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from threading import Event as Signal
from typing import Any

from tests.loopback import Loopback

TOKEN = "T0123456789"


class Receiver(Loopback):
    """Takes messages, or answers with `status`; while `hangs` is set it answers nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.status, self.got, self.hangs, self.called = 200, list[tuple[Mapping[str, str], Any]](), False, Signal()
        self.goes_on = Signal()

    def reply(self, path: str, headers: Mapping[str, str], body: Any) -> tuple[int, object]:
        self.called.set()
        if self.hangs:
            self.goes_on.wait(30)
        self.got.append((headers, body))
        return self.status, {}

    def speak_tls(self, certificate: Path) -> None:
        """Answer by https from now on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def port(self) -> int:
        """Return where it listens."""
        return self._server.server_port

    @property
    def hook(self) -> str:
        return f"{self.url}/{TOKEN}"

    @property
    def kinds(self) -> list[str]:
        return [body["type"] for _, body in self.got]
