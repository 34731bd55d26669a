"""The real neighbours that tests talk to: Label Studio, Valkey and Chromium, and which tests run beside which."""

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
import redis

from labelloop.encoders.encoder_source import BUNDLED
from labelloop.encoders.open_encoder import load_encoder
from labelloop.encoders.vectors import CachedEncoder
from labelloop.settings import Settings
from tests.label_studio_template import copy_template
from workers.demo.accounts import Annotator, annotators
from workers.local.label_studio import RunningLabelStudio, start_label_studio
from workers.local.processes import free_port
from workers.local.redis import start_redis
from workers.local.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
LABEL_STUDIO = Path(os.environ.get("LABELLOOP_LABEL_STUDIO_COMMAND", ROOT / ".venv-label-studio/bin/label-studio"))
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "chromium")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

SERVICES = {"label_studio", "redis_url", "postgres_url", "browser"}
"""Fixtures that start a service: whatever uses one is left out of `make fast`."""

# a test asserts no time: machines are busy
hypothesis.settings.register_profile(
    "labelloop", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("labelloop")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a service, and put the files that need Label Studio first: no other work takes as long.

    Each process of a run takes a whole file at a time, and starts a Label Studio of its own when it first needs one.
    """
    for item in items:
        if SERVICES & _fixtures(item):
            item.add_marker("services")
    long = {item.path for item in items if "label_studio" in _fixtures(item)}
    items.sort(key=lambda item: item.path not in long)


def _fixtures(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session", autouse=True)
def no_llm() -> Iterator[None]:
    """Let no test ask an LLM that happens to be set up here: it would be asked by default, and may cost money."""
    with pytest.MonkeyPatch.context() as monkeypatch:  # around all fixtures, so that those that set one up win
        monkeypatch.setenv("LABELLOOP_LLM_BASE_URL", "")
        yield


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Yield the services that tests may stop: `repair` starts them again, where they were and with their data."""
    with Stack() as services:
        yield services


@pytest.fixture(scope="session")
def label_studio(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> RunningLabelStudio:
    """Return a real Label Studio, shared by the session: a test makes its own project and minds only that one."""
    directory = tmp_path_factory.mktemp("label-studio")
    copy_template(ROOT / ".cache/label-studio-template", directory, command=LABEL_STUDIO)
    # A port that no connection is given by chance: while a test stops Label Studio nobody else may take it.
    port = free_port(random.randrange(20_000, 25_000))
    return stack.start(lambda: start_label_studio(directory, port=port, command=LABEL_STUDIO))


@pytest.fixture(scope="session")
def people(label_studio: RunningLabelStudio, tmp_path_factory: pytest.TempPathFactory) -> list[Annotator]:
    """Return two simulated annotators of the shared Label Studio; their addresses exist once in it."""
    return annotators(tmp_path_factory.mktemp("people") / "a.json", label_studio.url, label_studio.token, 2)


@pytest.fixture(scope="session")
def encoder_settings() -> Settings:
    """Return settings whose cache is kept for the next run, so that the encoder is exported once."""
    kept = ROOT / ".cache" / "tests"
    return Settings(_env_file=None, data_dir=kept, encoder=BUNDLED, encoder_max_tokens=128, encoder_prefix="")


@pytest.fixture(scope="session")
def encoder(encoder_settings: Settings) -> CachedEncoder:
    """Return the bundled encoder as it serves: int8, cached."""
    return load_encoder(encoder_settings)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the URL of a real Valkey, shared by the session."""
    running = start_redis(tmp_path_factory.mktemp("valkey"))
    try:
        yield running.url
    finally:
        running.process.stop()


@pytest.fixture
def clean_redis_url(redis_url: str) -> str:
    """Return the URL of the session's Valkey, emptied."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    return redis_url


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Yield a headless Chromium; a test opens its own page or context."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(CHROMIUM_FLAGS))
        yield chromium
        chromium.close()
