"""A model on this machine, behind a llama.cpp server that speaks OpenAI's chat completions."""

from dataclasses import dataclass
from pathlib import Path

import httpx

from labelloop.errors import UserError
from labelloop.hardware import cores
from labelloop.outgoing_requests import http_options
from workers.local.processes import Process, free_port, start_process, wait_until_up

SCRIPT = Path(__file__).with_name("llama_server.py")
CONTEXT_TOKENS = 8192
DEADLINE_S = 180.0


@dataclass(frozen=True)
class RunningLLM:
    """A running server: its OpenAI-compatible address and the name of its model."""

    url: str
    model: str
    process: Process

    def settings(self) -> dict[str, str]:
        """Return the settings, without their prefix, that lead `prompt` learners to it.

        It answers one request after another, so more at once would only wait; and slowly, so that an answer may take
        minutes where others need the processor too.
        """
        return {
            "llm_base_url": self.url,
            "llm_model": self.model,
            "llm_prices": '{"*": [0, 0]}',
            "llm_concurrency": "1",
            "llm_timeout_s": "300",
            "llm_context_tokens": str(CONTEXT_TOKENS),
        }


def start_llm(directory: Path, gguf: Path, *, python: Path, port: int = 0, threads: int | None = None) -> RunningLLM:
    """Start a server of the model in a GGUF file on 127.0.0.1 and wait until it answers; its log is in the directory.

    `python` has xllamacpp; `port` 0 is any free one; `threads` are the cores it may use, by default half of them.
    Raises UserError where there is no such Python or file.
    """
    if not python.exists():
        raise UserError(
            f"There is no {python}: name in LABELLOOP_LLM_PYTHON a Python that has xllamacpp (pip install xllamacpp)."
        )
    if not gguf.is_file():
        raise UserError(f"There is no model {gguf}: name a GGUF file.")
    port = free_port(port)
    threads = threads or max(1, cores() // 2)  # its threads wait by turning, so with all of them everybody is slow
    arguments = [str(port), str(threads), str(CONTEXT_TOKENS), str(gguf.resolve())]
    process = start_process("llm", [python, SCRIPT, *arguments], log=directory / "llm.log")
    url = f"http://127.0.0.1:{port}/v1"
    wait_until_up(process, lambda: _answers(url, gguf.stem), deadline_s=DEADLINE_S)
    return RunningLLM(url, gguf.stem, process)


def _answers(url: str, name: str) -> bool:
    """Return whether the model is loaded; another program may have taken the port."""
    try:
        found = httpx.get(f"{url}/models", timeout=2, **http_options(url))
        return found.is_success and name in found.text
    except httpx.HTTPError:
        return False
