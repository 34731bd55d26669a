"""The real neighbours that tests talk to: Label Studio, Valkey and Chromium, each started once a session."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
import redis

from labelloop.encoders.load import load_encoder
from labelloop.encoders.source import BUNDLED
from labelloop.encoders.vectors import CachedEncoder
from labelloop.settings import Settings
from workers.demo.accounts import Annotator, annotators
from workers.local.label_studio import RunningLabelStudio, start_label_studio
from workers.local.label_studio_template import copy_template
from workers.local.processes import free_port
from workers.local.redis import start_redis

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

hypothesis.settings.register_profile("labelloop", deadline=None)  # a test asserts no time: machines are busy
hypothesis.settings.load_profile("labelloop")


@pytest.fixture(scope="session", autouse=True)
def no_llm() -> Iterator[None]:
    """Let no test ask an LLM that happens to be set up here: it would be asked by default, and may cost money."""
    with pytest.MonkeyPatch.context() as monkeypatch:  # around all fixtures, so that those that set one up win
        monkeypatch.setenv("LABELLOOP_LLM_BASE_URL", "")
        yield


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLabelStudio]:
    """Yield a real Label Studio, shared by the session: a test makes its own project and minds only that one."""
    directory = tmp_path_factory.mktemp("label-studio")
    copy_template(ROOT / ".cache/label-studio-template", directory, command=LABEL_STUDIO)
    running = start_label_studio(directory, port=free_port(0), command=LABEL_STUDIO)
    try:
        yield running
    finally:
        running.process.stop()


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
