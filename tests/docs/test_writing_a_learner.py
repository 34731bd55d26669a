"""The example of docs/writing-a-learner.md, run as the page says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, code, read

pytestmark = pytest.mark.slow  # it runs the whole contract suite

PAGE = "docs/writing-a-learner.md"


def test_the_code_of_the_page_runs() -> None:
    """The blocks are run one after the other, as a reader would."""
    namespace: dict[str, object] = {"__name__": "page"}
    for block in code(read(PAGE), "python"):
        exec(compile(block, PAGE, "exec"), namespace)


def test_the_example_keeps_the_contract_of_every_learner(tmp_path: Path) -> None:
    """Installed as the page says, it is found by its entry point, and the contract suite passes over it."""
    _install(tmp_path)
    command = [sys.executable, "-m", "pytest", "tests/core/test_learners.py", "-k", "neighbours", "-q", "-rA"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_a_learner_learns_from_a_few_examples[neighbours-choice]" in done.stdout


def _install(site: Path) -> None:
    """Lay the page's module and its entry point into a folder as pip would."""
    (site / "neighbours.py").write_text(code(read(PAGE), "python")[0], "utf-8")
    entry_point = code(read(PAGE), "toml")[0].splitlines()[1].replace('"', "")
    about = site / "neighbours-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: neighbours\nVersion: 1.0\n", "utf-8")
    (about / "entry_points.txt").write_text(f"[labelloop.learners]\n{entry_point}\n", "utf-8")
