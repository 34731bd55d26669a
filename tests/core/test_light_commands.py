"""Commands load what they need and no more: who asks how far a project is waits for no model's libraries."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from labelloop.steps.close_round import close_round
from tests.core.made_up import Make, turn

pytestmark = pytest.mark.slow

MODELS = {
    "alembic.command",
    "httpx",
    "label_studio_sdk",
    "labelloop.learners",
    "numpy",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "scipy",
    "sklearn",
    "structlog",
    "tokenizers",
    "torch",
}
"""What takes a tenth of a second or more to load, and nobody needs to read the ledger."""
SLOW = {"jsf", "onnxruntime", "pandas", "scipy.stats", "sklearn", "tokenizers", "torch"}
"""What takes longest to load; nobody needs it who speaks to Label Studio."""
RECORDS = {"fsspec", "redis", "rich.console", "rq", "sqlalchemy"}


def loaded_by(words: list[str], data: Path) -> set[str]:
    """Return the modules that a process holds after one command line."""
    script = f"import sys; from workers.cli import main; main({words}); print(*sys.modules, file=sys.stderr)"
    settings = {"LABELLOOP_DATA_DIR": str(data), "LABELLOOP_REDIS_URL": "redis://127.0.0.1:1/0"}
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=data, env=os.environ | settings, capture_output=True, check=True, text=True
    )
    return set(run.stderr.split())


@pytest.mark.parametrize("words", [[], ["--help"], ["round", "--help"]], ids=" ".join)
def test_help_loads_nothing_but_the_command_line(words: list[str], tmp_path: Path) -> None:
    """The help of thirty commands is read without loading one of them."""
    assert loaded_by(words, tmp_path) & (MODELS | RECORDS) == set()


def test_what_only_reads_the_ledger_loads_no_library_of_models(make: Make, tmp_path: Path) -> None:
    """Neither for the records nor for the queue and the rounds, which are files."""
    world = make()
    world.judge(world.untouched(12))
    close_round(*world.view.now())
    turn(world.view)
    for words in (["status"], ["versions", "7"], ["verdict", "7"], ["round", "list", "7"]):
        assert loaded_by(words, tmp_path) & MODELS == set(), words


@pytest.mark.parametrize("command", ["connect", "disconnect", "doctor", "release", "estimate", "rules", "rename"])
def test_what_speaks_to_label_studio_waits_for_no_model(command: str, tmp_path: Path) -> None:
    """Its module, which its help loads, leaves to the call what only some calls need."""
    assert loaded_by([command, "--help"], tmp_path) & SLOW == set()


def test_the_doctor_loads_no_library_of_models(make: Make, tmp_path: Path) -> None:
    """It looks at everything, and nothing that it finds is predicted."""
    make()
    world_needs = {"httpx", "label_studio_sdk", "structlog"}
    assert loaded_by(["doctor", "7"], tmp_path) & (SLOW | MODELS) <= world_needs
