"""One set of real services for all end-to-end tests: Label Studio, Valkey, the ML backend, an RQ worker, reconcile."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from labelloop.settings import Settings
from sync.api.client import LabelStudio
from tests.e2e.world import LARGE, World
from tests.llm.server import KEY, ScriptedLLM
from workers.demo.accounts import Annotator
from workers.jobs.app_context import open_context
from workers.local.label_studio import RunningLabelStudio
from workers.local.processes import free_port
from workers.local.services import start_services_for
from workers.local.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="package")
def llm() -> Iterator[ScriptedLLM]:
    """Yield the LLM that the services are told of; it is asked only where a project's rules name `prompt`."""
    with ScriptedLLM(lambda text: {"label": LARGE.get(text, "unsure")}) as server:
        yield server


@pytest.fixture(scope="package")
def world(
    tmp_path_factory: pytest.TempPathFactory,
    stack: Stack,
    label_studio: RunningLabelStudio,
    people: list[Annotator],
    encoder_settings: Settings,
    llm: ScriptedLLM,
) -> Iterator[World]:
    """Yield the running services with two people; every test makes its own project."""
    directory = tmp_path_factory.mktemp("world")
    encoder_settings.cache_dir.mkdir(parents=True, exist_ok=True)
    (directory / "cache").symlink_to(encoder_settings.cache_dir)  # the encoder is exported once for all tests
    gate = tmp_path_factory.mktemp("gate")
    base = Settings(
        port=free_port(random.randrange(25_000, 30_000)),
        retry_s=1,
        refresh_s=0.5,
        llm_base_url=llm.url,
        llm_model="scripted",
        llm_api_key=SecretStr(KEY),
        llm_prices='{"scripted": [1.0, 4.0]}',
        _env_file=None,
    )
    with pytest.MonkeyPatch.context() as patch, Stack() as ours:
        slow = Path(__file__).parent / "slow_learner"
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(slow), os.environ.get("PYTHONPATH")])))
        patch.syspath_prepend(str(slow))
        patch.setenv("SLOW_LEARNER", str(gate))
        services = start_services_for(label_studio, ours, directory, base, say=lambda _: None)
        with (
            open_context(services.settings) as context,
            LabelStudio(label_studio.url, people[0].token) as one,
            LabelStudio(label_studio.url, people[1].token) as other,
        ):
            yield World((stack, ours), services, context, (one, other), people, gate)


@pytest.fixture(scope="module")
def page(label_studio: RunningLabelStudio, browser: "Browser") -> "Iterator[Page]":
    """Yield a page of the administrator, who has just logged in."""
    opened = browser.new_page(viewport={"width": 1300, "height": 900})
    opened.goto(f"{label_studio.url}/user/login/")
    opened.fill("#email", label_studio.email)
    opened.fill("#password", label_studio.password)
    opened.click('button[aria-label="Log In"]')
    opened.wait_for_url(lambda url: "/user/login" not in url)
    yield opened
    opened.close()


@pytest.fixture
def studio(label_studio: RunningLabelStudio) -> Iterator[LabelStudio]:
    """Yield the administrator's client."""
    with LabelStudio(label_studio.url, label_studio.token) as client:
        yield client
