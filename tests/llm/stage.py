"""A scripted LLM that knows the answers to a problem of the learners' contract, found by the settings."""

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.tasks import inputs_of
from labelloop.domain.values import FieldKind, Spans
from labelloop.learners.prompting.form import written
from tests.core.kinds import Problem
from tests.llm.server import KEY, Oracle, ScriptedLLM


@contextmanager
def llm_for(told: Problem, env: pytest.MonkeyPatch, directory: Path, **how: Any) -> Iterator[ScriptedLLM]:
    """Start the server for a problem and name it in the environment; `how` is what ScriptedLLM takes."""
    with ScriptedLLM(oracle(told), **how) as server:
        name(server, env, directory)
        yield server


def name(server: ScriptedLLM, env: pytest.MonkeyPatch, directory: Path) -> None:
    """Write the server into the environment."""
    env.setenv("LABELLOOP_DATA_DIR", str(directory))
    env.setenv("LABELLOOP_LLM_BASE_URL", server.url)
    env.setenv("LABELLOOP_LLM_MODEL", "scripted")
    env.setenv("LABELLOOP_LLM_API_KEY", KEY)
    env.setenv("LABELLOOP_LLM_PRICES", '{"*": [1.0, 4.0]}')


def oracle(told: Problem) -> Oracle:
    """Return what knows the right answers; to what the problem does not have it says something all the same."""
    known = {_key(told, e.text): json.loads(written(e.text, e.value)) for e in told.examples}
    known |= {_key(told, text): json.loads(written(text, value)) for text, value in told.questions.items()}
    any_answer = list(known.values())
    if told.field.kind is FieldKind.SPANS:
        any_answer = [json.loads(written("", Spans(frozenset())))]

    def say(text: str) -> dict[str, Any]:
        found: dict[str, Any] = known.get(text) or any_answer[zlib.crc32(text.encode()) % len(any_answer)]
        return found

    return say


def _key(told: Problem, text: str) -> str:
    return text if told.field.kind is FieldKind.SPANS else "|".join(inputs_of(text))
