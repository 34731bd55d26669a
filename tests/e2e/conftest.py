"""One set of real services for all end-to-end tests: Label Studio, Valkey, gunicorn, an RQ worker, reconcile."""

import json
import os
import random
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from secrets import token_urlsafe

import pytest
from pydantic import SecretStr

from labelloop.settings import Settings
from sync.client import LabelStudio
from tests.conftest import LABEL_STUDIO, ROOT
from tests.e2e.world import LARGE, World
from tests.llm.server import KEY, ScriptedLLM
from workers.bootstrap import open_tools
from workers.demo.accounts import annotators
from workers.local.label_studio_template import copy_template
from workers.local.processes import free_port
from workers.local.services import KEPT, Kept, start_services
from workers.local.stack import Stack


@pytest.fixture(scope="package")
def llm() -> Iterator[ScriptedLLM]:
    """Yield the LLM that the services are told of; it is asked only where a project's rules name `prompt`."""
    with ScriptedLLM(lambda text: {"label": LARGE.get(text, "unsure")}) as server:
        yield server


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory, encoder_settings: Settings, llm: ScriptedLLM) -> Iterator[World]:
    """Yield the running services with two people; every test makes its own project."""
    directory = tmp_path_factory.mktemp("world")
    copy_template(ROOT / ".cache/label-studio-template", directory / "label-studio", command=LABEL_STUDIO)
    (directory / "cache").symlink_to(encoder_settings.cache_dir)  # the encoder is exported once for all tests
    # Ports that no connection is given by chance: while a test stops Label Studio nobody else may take its.
    ports = [free_port(random.randrange(20_000, 30_000)) for _ in range(2)]
    (directory / KEPT).write_text(json.dumps(asdict(Kept(token_urlsafe(), token_urlsafe(), *ports))), "utf-8")
    gate = tmp_path_factory.mktemp("gate")
    base = Settings(
        label_studio_command=str(LABEL_STUDIO),
        reconcile_s=3,
        refresh_s=0.5,
        llm_base_url=llm.url,
        llm_model="scripted",
        llm_api_key=SecretStr(KEY),
        llm_prices='{"scripted": [1.0, 4.0]}',
        _env_file=None,
    )
    with pytest.MonkeyPatch.context() as patch, Stack() as stack:
        slow = Path(__file__).parent / "slow_learner"
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(slow), os.environ.get("PYTHONPATH")])))
        patch.syspath_prepend(str(slow))
        patch.setenv("SLOW_LEARNER", str(gate))
        services = start_services(stack, directory, base, say=lambda _: None)
        studio = services.label_studio
        accounts = annotators(directory / "people.json", studio.url, studio.token, 2)
        with (
            open_tools(services.settings) as tools,
            LabelStudio(studio.url, accounts[0].token) as one,
            LabelStudio(studio.url, accounts[1].token) as other,
        ):
            yield World(stack, services, tools, (one, other), accounts, gate)
