"""The command line with its own folder, a real Redis and, where asked for, a real Label Studio."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from labelloop.settings import Settings
from labelloop.stores.book import Book
from sync.api.client import LabelStudio
from tests.sync.stub_backend import PASSWORD, USER, StubBackend
from workers.cli import main
from workers.jobs.open_stores import open_book
from workers.local.label_studio import RunningLabelStudio

KEPT = Path(__file__).parents[2] / ".cache" / "tests"
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="mood" toName="text">'
    '<Choice value="good"/><Choice value="bad"/><Choice value="还行"/></Choices></View>'
)


@dataclass(frozen=True)
class Ran:
    """What a command line came to."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def data_dir(tmp_path: Path, clean_redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that the settings in the environment name; nothing else answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LABELLOOP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LABELLOOP_REDIS_URL", clean_redis_url)
    monkeypatch.setenv("LABELLOOP_LABEL_STUDIO_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("LABELLOOP_LABEL_STUDIO_TOKEN", "0" * 40)
    monkeypatch.setenv("LABELLOOP_BACKEND_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("LABELLOOP_BACKEND_USER", USER)
    monkeypatch.setenv("LABELLOOP_BACKEND_PASSWORD", PASSWORD)
    monkeypatch.setenv("LABELLOOP_WEBHOOK_SECRET", "knock knock")
    (KEPT / "cache").mkdir(parents=True, exist_ok=True)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cache").symlink_to(KEPT / "cache")  # the encoder is exported once, for all tests
    return tmp_path / "data"


@pytest.fixture
def run(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command line in this process."""

    def command(*words: str) -> Ran:
        capsys.readouterr()
        status = main(list(words))
        out, err = capsys.readouterr()
        return Ran(status, out, err)

    return command


@pytest.fixture
def book(data_dir: Path) -> Iterator[Book]:
    """Yield the ledger and the artifacts that the commands work on."""
    opened = open_book(Settings())
    yield opened
    opened.ledger.engine.dispose()


@pytest.fixture
def backend(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubBackend]:
    """Yield an ML backend that answers at the address in the settings."""
    with StubBackend() as running:
        monkeypatch.setenv("LABELLOOP_BACKEND_URL", running.url)
        yield running


@pytest.fixture
def client(label_studio: RunningLabelStudio, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabelStudio]:
    """Yield a client of the real Label Studio that the settings now name."""
    monkeypatch.setenv("LABELLOOP_LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABELLOOP_LABEL_STUDIO_TOKEN", label_studio.token)
    with LabelStudio(label_studio.url, label_studio.token) as admin:
        yield admin


@pytest.fixture
def project(client: LabelStudio) -> Iterator[int]:
    """Yield a project with four tasks and one field."""
    made = client.create_project("命令行 🙂", CONFIG)
    client.import_tasks(made.id, [{"data": {"text": text}} for text in ("一", "two", "three", "ثلاثة")])
    yield made.id
    client.sdk.projects.delete(made.id)
