"""`connect`, `status` and `disconnect` against a real Label Studio."""

import json
from pathlib import Path

import pytest

from labelloop.domain.records import Connection, SchemaVersion
from labelloop.settings import Settings
from labelloop.stores.book import Book
from sync.client import LabelStudio
from tests.cli.conftest import Run
from tests.sync.stub_backend import StubBackend
from workers.bootstrap import open_bell


def test_a_project_is_connected_shown_and_disconnected(
    run: Run, client: LabelStudio, project: int, backend: StubBackend, book: Book
) -> None:
    """The way in, the look around, and the way out."""
    connected = run("connect", str(project))
    assert (connected.status, connected.err) == (0, "")
    assert "mood (good, bad, 还行)" in connected.out
    assert "labelloop status" in connected.out
    assert [found.url for found in client.backends(project)] == [backend.url]
    assert [hook.url for hook in client.webhooks(project)] == [f"{backend.url}/webhook/{project}"]
    assert open_bell(Settings()).queue.job_ids == [f"collect-{project}"]

    shown = json.loads(run("status", str(project), "--json").out)
    assert shown["title"] == "命令行 🙂"
    assert shown["connected"] is True
    assert shown["jobs"]["queued"] == [f"collect-{project}"]

    gone = run("disconnect", str(project))
    assert gone.status == 0
    assert (client.backends(project), client.webhooks(project)) == ([], [])
    assert [row.active for row in book.ledger.all(Connection, project)] == [True, False]
    assert json.loads(run("status", str(project), "--json").out)["next"].startswith("disconnected")
    assert "was not connected" in run("disconnect", str(project)).out


def test_connecting_again_changes_nothing_but_what_is_new(
    run: Run, project: int, backend: StubBackend, book: Book, tmp_path: Path
) -> None:
    """`connect` is idempotent; other rules are a new connection; without rules the known ones stay."""
    rules = tmp_path / "rules.toml"
    rules.write_text("round_size = 7\n", "utf-8")
    assert run("connect", str(project)).status == 0
    assert "already" in run("connect", str(project)).out
    assert "after 7 labels" in run("connect", str(project), "--rules", str(rules)).out
    assert "already" in run("connect", str(project)).out
    kept = book.ledger.all(Connection, project)
    assert ['"round_size":7' in row.rules for row in kept] == [False, True]
    assert len(book.ledger.all(SchemaVersion, project)) == 1


def test_a_failed_wiring_leaves_nothing_behind(run: Run, client: LabelStudio, project: int, book: Book) -> None:
    """Nobody answers at the backend's address: the error says so, and neither side remembers the attempt."""
    failed = run("connect", str(project))
    assert failed.status in (1, 2)
    assert failed.err.count("\n") == 1
    assert "Traceback" not in failed.err
    assert (client.backends(project), client.webhooks(project)) == ([], [])
    assert book.ledger.projects() == []
    assert book.artifacts.names() == []


@pytest.mark.parametrize(
    ("rules", "word"),
    [
        ("round_sise = 7", "round_sise"),
        ('field = "colour"', "colour"),
        ('learners = ["oracle"]', "oracle"),
        ('strategy = "luck"', "luck"),
    ],
)
def test_wrong_rules_are_refused_before_anything_is_wired(
    run: Run, client: LabelStudio, project: int, backend: StubBackend, tmp_path: Path, rules: str, word: str
) -> None:
    """A mistake in the rules file is the user's to mend (2), and names itself."""
    (tmp_path / "rules.toml").write_text(rules, "utf-8")
    refused = run("connect", str(project), "--rules", str(tmp_path / "rules.toml"))
    assert refused.status == 2
    assert word in refused.err
    assert client.backends(project) == []


def test_an_unknown_project_is_the_users_to_mend(run: Run, client: LabelStudio, backend: StubBackend) -> None:
    """A mistyped number."""
    assert run("connect", "987654").status == 2


def test_credentials_are_asked_for_before_anything_else(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a password the ML backend would answer strangers."""
    monkeypatch.setenv("LABELLOOP_BACKEND_PASSWORD", "")
    refused = run("connect", "1")
    assert refused.status == 2
    assert "LABELLOOP_BACKEND_PASSWORD" in refused.err
