"""A scripted OpenAI-compatible server: a noisy oracle that counts its own tokens and fails as it is told."""

import hashlib
import json
import math
import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from labelloop.domain.tasks import OPTION_BREAK

SLOW_S = 120.0
"""After which time a slow answer comes."""
KEY = "sk-a-key-that-must-never-be-seen-anywhere"

Oracle = Callable[[str], dict[str, Any]]
"""From a task's inputs, joined by a bar, to the right answer as JSON."""

Reader = Callable[[str, str], dict[str, Any]]
"""From what it is told and a task's inputs to the answer of somebody who does as he is told."""

Editor = Callable[[dict[str, Any]], str]
"""From what a request for better rules holds to the answer's words."""


@dataclass(frozen=True)
class Fault:
    """How one request fails: with a status, or, where it is 200, with these words as the answer."""

    status: int = 200
    words: str = ""
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    slow: bool = False
    raw: bool = False


@dataclass
class ScriptedLLM:
    """Answers rightly with probability `accuracy`, by a hash of the text, and is surer of what is right.

    `faults` are served first, one a request; `always` is served to everyone. `context` is how many tokens a prompt may
    have; of the words in `doubts` it is only that sure. `refuses` are parameters or roles that it does not know, as its
    `complaint` says, which the first so many requests hear `together`. One that `reads` follows the guideline in the
    prompt; `edits` answers requests for better rules.
    """

    oracle: Oracle
    accuracy: float = 1.0
    logprobs: bool = True
    doubts: Mapping[str, float] = field(default_factory=dict)
    name: str = "scripted-1"
    faults: deque[Fault] = field(default_factory=deque)
    always: Fault | None = None
    context: int = 1_000_000
    refuses: tuple[str, ...] = ()
    complaint: tuple[int, str] = (400, "Unsupported parameter: '{}' is not supported.")
    reads: Reader | None = None
    edits: Editor = lambda told: '{"edits": []}'
    key: str = KEY
    requests: list[dict[str, Any]] = field(default_factory=list)
    answered: int = 0
    refused: int = 0
    together: int = 1
    tokens_in: int = 0
    tokens_out: int = 0
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)
    all_refused: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def bodies(self) -> Counter[str]:
        """Count the requests that were answered, by what they asked."""
        return Counter(json.dumps(body, sort_keys=True) for body in self.requests)

    def reply(self, body: dict[str, Any], authorization: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the answer to a request."""
        if authorization != f"Bearer {self.key}":
            return self._error(401, f"Incorrect API key provided: {authorization}", "invalid_api_key")
        with self.lock:
            fault = self.always or (self.faults.popleft() if self.faults else None)
        if fault and fault.slow:
            self.over.wait(SLOW_S)
        if fault and fault.raw:
            return fault.status, {}, fault.words.encode()
        if fault and fault.status != 200:
            return self._error(fault.status, fault.words, fault.code, fault.headers)
        roles = {message["role"] for message in body["messages"]}
        for name in self.refuses:
            if name in {*body, *roles}:
                self._wait_for_the_others()
                status, words = self.complaint
                return self._error(status, words.format(name), "unsupported_parameter")
        tokens_in = sum(size(message["content"]) for message in body["messages"])
        if tokens_in > self.context:
            return self._error(400, "This model's maximum context length is exceeded.", "context_length_exceeded")
        content, sure = (fault.words, 0.5) if fault else self._answer(body)
        return 200, {}, json.dumps(self._completion(body, content, sure, tokens_in)).encode()

    def _wait_for_the_others(self) -> None:
        with self.lock:
            self.refused += 1
            alone = self.refused < self.together
            if not alone:
                self.all_refused.set()
        if alone:
            self.all_refused.wait(5)

    def _answer(self, body: dict[str, Any]) -> tuple[str, float]:
        data = json.loads(_question(body))
        if wants_edits(body):
            return self.edits(data), 0.9
        text = "|".join(part if isinstance(part, str) else _items(part) for part in data.values())
        answer = self.reads(body["messages"][0]["content"], text) if self.reads else self.oracle(text)
        draw = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest()) / 2**32
        if draw >= self.accuracy and "label" in answer:
            allowed = body["response_format"]["json_schema"]["schema"]["properties"]["label"]["enum"][:-1]
            others = [label for label in allowed if label != answer["label"]]
            return json.dumps({"label": others[int(draw * 1e6) % len(others)]}, ensure_ascii=False), 0.55
        return json.dumps(answer, ensure_ascii=False), 0.95

    def _completion(self, body: dict[str, Any], content: str, sure: float, tokens_in: int) -> dict[str, Any]:
        pieces = re.findall(r"\w+|\W", content)
        with self.lock:
            self.requests.append(body)
            self.answered += 1
            self.tokens_in += tokens_in
            self.tokens_out += len(pieces)
        choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": content}}
        choice["finish_reason"] = "stop"
        if self.logprobs and body.get("logprobs"):
            chances = [math.log(self.doubts.get(piece, sure)) if piece.isalnum() else 0.0 for piece in pieces]
            told = [
                {"token": piece, "logprob": chance, "bytes": list(piece.encode()), "top_logprobs": []}
                for piece, chance in zip(pieces, chances, strict=True)
            ]
            choice["logprobs"] = {"content": told}
        usage = {"prompt_tokens": tokens_in, "completion_tokens": len(pieces), "total_tokens": tokens_in + len(pieces)}
        return {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": self.name,
            "choices": [choice],
            "usage": usage,
        }

    @staticmethod
    def _error(
        status: int, words: str, code: str, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        body = {"error": {"message": words, "type": "error", "code": code}}
        return status, dict(headers or {}), json.dumps(body).encode()


def size(text: str) -> int:
    """Return how many tokens the server takes a text for: one per four bytes."""
    return -(-len(text.encode()) // 4)


def wants_edits(body: dict[str, Any]) -> bool:
    """Return whether a request asks for better rules rather than for a label."""
    return "edits" in body.get("response_format", {}).get("json_schema", {}).get("schema", {}).get("properties", {})


def _items(options: Mapping[str, str]) -> str:
    return OPTION_BREAK.join(f"{name}\n{said}" for name, said in options.items())


def _question(body: dict[str, Any]) -> str:
    """Return the last message of the user that is data: what follows an answer to be mended is not."""
    said = [message["content"] for message in body["messages"] if message["role"] == "user"]
    asked = (part for text in reversed(said) for part in (text, text.rpartition("\n\n")[2]))
    return str(next(part for part in asked if part.startswith("{")))


def _handler(llm: ScriptedLLM) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with llm.lock:
                llm.at_once += 1
                llm.most_at_once = max(llm.most_at_once, llm.at_once)
            status, headers, answer = llm.reply(body, self.headers.get("Authorization", ""))
            with llm.lock:
                llm.at_once -= 1
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except OSError:  # whoever asked has gone
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler
