"""Requests for pages and the API, handed on to the process that makes them, so that /predict never waits for those."""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import structlog
from flask import Response
from werkzeug.datastructures import EnvironHeaders
from werkzeug.http import is_hop_by_hop_header
from werkzeug.wrappers import Request
from werkzeug.wsgi import ClosingIterator, get_input_stream

from labelloop.settings import Settings
from ml_backend.responses import refusal
from ml_backend.turns import Turns

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FIRST_PARTS = frozenset({"", "api", "connect", "guideline", "login", "logout", "projects", "static", "system"})
"""What the paths of pages and API begin with."""
AT_ONCE = 8
"""Threads beyond all others for requests that are handed on: a process that hangs holds these and no more."""
PATIENCE_S = 600
"""Between two signs of life: an export or a plan for a certificate may take minutes before its first byte."""
CHUNK = 64 * 1024
PROOF = "X-LabelLoop-Front"
"""The header by which the pages know the ML backend: only it is believed about clients."""
SAFE = "!$&'()*+,/:;=@"
BUSY = {
    "en": "Other pages are being made: try again in a moment.",
    "zh": "正在生成其他页面：请稍后再试。",
}
AWAY = {
    "en": "The process that makes the pages does not answer: start it (labelloop pages), or see its log.",
    "zh": "生成页面的进程没有应答：请启动它（labelloop pages），或查看它的日志。",
}
PAGE = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>LabelLoop</title><p>{words}</p></html>
"""
log = structlog.get_logger()


class HandedOn:
    """WSGI middleware: pages and API from the process that the settings name, everything else from `app`.

    What the client says of proxies (`X-Forwarded-*`) is dropped: the other process is told what this one sees.
    """

    def __init__(self, app: "WSGIApplication", settings: Settings) -> None:
        self._app, self._max_body, self._proof = app, settings.max_body_mb * 2**20, proof(settings)
        found = urlsplit(settings.pages_service_url)
        self._host, self._port = found.hostname or "", found.port or 80
        self._turns = Turns(AT_ONCE, may_wait=0, wait_s=0)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        if environ["PATH_INFO"].lstrip("/").partition("/")[0] not in FIRST_PARTS:
            return self._app(environ, start_response)
        length = environ.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > self._max_body:
            return refusal(413, f"The request is larger than {self._max_body >> 20} MiB.")(environ, start_response)
        if not self._turns.take():
            return _later(BUSY, environ, start_response)
        connection = HTTPConnection(self._host, self._port, timeout=PATIENCE_S)
        try:
            answer = _asked(connection, environ, self._proof)
        except (OSError, HTTPException) as error:
            self._end(connection)
            log.error("pages_away", error=str(error), host=self._host, port=self._port)
            return _later(AWAY, environ, start_response)
        except BaseException:
            self._end(connection)
            raise
        headers = [(name, value) for name, value in answer.getheaders() if not _is_of_connection(name)]
        start_response(f"{answer.status} {answer.reason}", headers)
        return ClosingIterator(_parts(answer), lambda: self._end(connection))

    def _end(self, connection: HTTPConnection) -> None:
        connection.close()
        self._turns.give_back()


def proof(settings: Settings) -> str:
    """Return what the ML backend shows to the pages' process, which has the same secrets."""
    key = f"{settings.backend_password.get_secret_value()}\n{settings.webhook_secret.get_secret_value()}"
    return hmac.new(key.encode(), b"front", hashlib.sha256).hexdigest()


def _asked(connection: HTTPConnection, environ: "WSGIEnvironment", shown: str) -> HTTPResponse:
    sent = "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ
    stream = get_input_stream(environ)
    body = iter(lambda: stream.read(CHUNK), b"") if sent else None
    with suppress(BrokenPipeError):  # it may answer, and refuse, before it has read all
        connection.request(environ["REQUEST_METHOD"], _target(environ), body, _headers(environ, shown))
    return connection.getresponse()


def _target(environ: "WSGIEnvironment") -> str:
    path = "/" + quote(environ["PATH_INFO"].encode("latin-1"), safe=SAFE).lstrip("/")
    return f"{path}?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else path


def _headers(environ: "WSGIEnvironment", shown: str) -> dict[str, str]:
    given = {
        name: value
        for name, value in EnvironHeaders(environ).items()
        if value and not is_hop_by_hop_header(name) and not name.lower().startswith(("x-forwarded-", PROOF.lower()))
    }
    ours = {
        "Connection": "close",
        PROOF: shown,
        "X-Forwarded-For": environ.get("REMOTE_ADDR", ""),
        "X-Forwarded-Proto": environ["wsgi.url_scheme"],
        "X-Forwarded-Prefix": environ.get("SCRIPT_NAME", ""),
    }
    return given | ours


def _is_of_connection(name: str) -> bool:
    """Return whether a header is about the connection to the other process, or one that the server here adds anew."""
    return is_hop_by_hop_header(name) or name.lower() in ("server", "date")


def _parts(answer: HTTPResponse) -> Iterator[bytes]:
    """Yield the body as it comes; an end that came too early is raised, so that no half file looks whole."""
    while part := answer.read1(CHUNK):
        yield part


def _later(words: dict[str, str], environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Say to a browser as a page in its language, to a script as an error of the API, that it may try again."""
    request = Request(environ)
    answer = refusal(503, words["en"])
    if "text/html" in request.headers.get("Accept", ""):
        language = request.accept_languages.best_match(words, "en")
        page = PAGE.format(language=language, words=words[language])
        answer = Response(page, 503, {"Content-Security-Policy": "default-src 'none'"}, mimetype="text/html")
    answer.headers["Retry-After"] = "2"
    return answer(environ, start_response)
