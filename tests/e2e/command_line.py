"""Commands run as a lead or an operator would run them beside the services."""

import subprocess
import sys
from pathlib import Path

from tests.e2e.world import World


def command(world: World, *words: str) -> str:
    """Run one command of the command line and return what it prints."""
    ran = _run(world, words)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def refused(world: World, *words: str, folder: Path | None = None) -> str:
    """Run one command that is refused, in the folder given, and return what it says."""
    ran = _run(world, words, folder)
    assert ran.returncode == 2, ran.stdout
    return ran.stderr


def _run(world: World, words: tuple[str, ...], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import sys; from workers.cli import main; sys.exit(main())", *words],
        env=world.environment(),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
