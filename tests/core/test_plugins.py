"""Learners and strategies of other packages, found by their entry points."""

from pathlib import Path

import pytest

from labelloop import plugins
from labelloop.errors import UserError


def test_a_learner_that_is_installed_meanwhile_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker need not be restarted for it, and what is installed is not read for every job."""
    with pytest.raises(UserError, match="There is no learner named newcomer"):
        plugins.learner("newcomer")
    (tmp_path / "newcomer.py").write_text("from labelloop.learners.linear.learner import LinearLearner\n", "utf-8")
    metadata = tmp_path / "newcomer-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: newcomer\nVersion: 1\n", "utf-8")
    (metadata / "entry_points.txt").write_text("[labelloop.learners]\nnewcomer = newcomer:LinearLearner\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert plugins.learner("newcomer").name == "linear"
    plugins._installed.cache_clear()  # it is gone again for the tests that follow
