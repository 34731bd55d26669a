"""What the tests of the LLM share: a scripted server, and settings that lead to it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from labelloop.llm.llm_client import LlmClient
from labelloop.settings import Settings
from labelloop.stores.ledger import open_engine
from labelloop.stores.llm_costs import LlmCosts
from tests.llm import talk
from tests.llm.server import KEY, ScriptedLLM
from tests.llm.stage import name

Reach = Callable[..., LlmClient]


@pytest.fixture
def llm() -> Iterator[ScriptedLLM]:
    """Yield a server that says `card` of what has a card in it, else `weather`."""
    with ScriptedLLM(lambda text: {"label": "card" if "card" in text else "weather"}) as server:
        yield server


@pytest.fixture
def costs(tmp_path: Path) -> Iterator[LlmCosts]:
    """Yield the costs in an empty ledger."""
    engine = open_engine(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite'}")
    yield LlmCosts(engine, tmp_path / "data" / "llm.sqlite")
    engine.dispose()


@pytest.fixture
def reach(llm: ScriptedLLM, tmp_path: Path, costs: LlmCosts) -> Reach:
    """Return a way to make a client of the server, as a new process would, with other settings if need be."""

    def made(**other: Any) -> LlmClient:
        given: dict[str, Any] = {
            "data_dir": tmp_path / "data",
            "llm_base_url": llm.url,
            "llm_model": "scripted",
            "llm_api_key": SecretStr(KEY),
            "llm_prices": '{"scripted": [1.0, 4.0]}',
            "llm_cap": 1000.0,
            **other,
        }
        settings = Settings(_env_file=None, **given)
        return LlmClient(replace(settings.llm, pause_s=0.01), costs, settings.data_dir)

    return made


@pytest.fixture
def told(llm: ScriptedLLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedLLM:
    """Return the server, named in the environment, as one that knows the topics of `talk` and improves no guideline.

    A million tokens cost 1.0 in and 4.0 out.
    """
    llm.oracle = talk.right
    name(llm, monkeypatch, tmp_path / "data")
    monkeypatch.setenv("LABELLOOP_LLM_REFINE", "false")
    return llm
