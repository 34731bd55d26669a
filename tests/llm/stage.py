"""A scripted LLM that knows the answers to a problem of the learners' contract, found by the settings."""

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from labelloop.domain.tasks import inputs_of
from labelloop.domain.values import FieldKind, Spans
from labelloop.learners.base import Encode, FitContext, ModelContext
from labelloop.learners.prompt.output_schema import written
from labelloop.llm.llm_client import LlmClient
from labelloop.settings import Settings
from labelloop.stores.ledger import Ledger, open_engine
from labelloop.stores.llm_costs import LlmCosts
from labelloop.testing import BagOfWords
from tests.core.kinds import Problem
from tests.llm.server import KEY, Oracle, ScriptedLLM
from workers.jobs.llm_costs_of_settings import open_llm_costs
from workers.jobs.models_of_settings import remote_access


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


def models(encode: Encode | None = None) -> ModelContext:
    """Return what models may use by the environment as it is now, as in a new process, but with short pauses."""
    settings, encode = Settings(), encode or BagOfWords()
    if not settings.llm_base_url:
        return ModelContext(encode, remote=remote_access(settings))
    made = LlmClient(replace(settings.llm, pause_s=0.01), costs(), settings.data_dir)
    return ModelContext(encode, llm=made, remote=remote_access(settings))


def fitting(encode: Encode, directory: Path, **more: Any) -> FitContext:
    """Return the same for a fit; `more` are fields of FitContext."""
    return replace(models(encode).to_fit(directory), **more)


def costs() -> LlmCosts:
    """Return what was spent, by the environment as it is now."""
    settings = Settings()
    return open_llm_costs(settings, _ledger(settings.ledger_url))


@cache
def _ledger(url: str) -> Ledger:
    return Ledger(open_engine(url))


def oracle(told: Problem) -> Oracle:
    """Return what knows the right answers; to what the problem does not have it says something all the same."""
    known = {_key(told, e.text): json.loads(written(e.text, e.value)) for e in told.examples}
    known |= {
        _key(told, text): json.loads(written(text, value)) for text, value in (told.questions | told.unlabelled).items()
    }
    any_answer = list(known.values())
    if told.field.kind is FieldKind.SPANS:
        any_answer = [json.loads(written("", Spans(frozenset())))]

    def say(text: str) -> dict[str, Any]:
        found: dict[str, Any] = known.get(text) or any_answer[zlib.crc32(text.encode()) % len(any_answer)]
        return found

    return say


def _key(told: Problem, text: str) -> str:
    return text if told.field.kind is FieldKind.SPANS else "|".join(inputs_of(text))
